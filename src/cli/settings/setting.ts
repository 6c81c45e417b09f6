/** What a row of the table of settings says. */

/** One setting: a flag, a variable, or both. */
export interface Setting<Value = unknown> {
  /** Without the dashes; null for what must not stand on a command line, where others can read it. */
  readonly flag: string | null;
  readonly variable: `HVQL_${string}` | null;
  /** What stands for the value in help texts; null for a switch, which has none. */
  readonly placeholder: string | null;
  /** The value of a text. Throws an Error, a UsageError for several, on what is wrong with the text and what is needed. */
  readonly parse: (text: string) => Value;
  /** The text used where none is given; null for no value. */
  readonly default: string | null;
  /** Whether the command is of no use without it. */
  readonly isRequired?: true;
  /** Whether its flag may be given several times; its variable holds several with commas between them. */
  readonly isRepeatable?: true;
  readonly description: string;
}

/**
 * The value that a setting comes to: null only where it has no default and need not be given. One that may be repeated
 * comes to a list, which is empty where it is not given.
 */
export type ValueOf<Row> = Row extends { parse: (text: string) => infer Value }
  ? Row extends { isRepeatable: true }
    ? readonly Value[]
    : Row extends { default: string } | { isRequired: true }
      ? Value
      : Value | null
  : never;

/** The values of several settings. */
export type ValuesOf<Rows> = { readonly [Name in keyof Rows]: ValueOf<Rows[Name]> };

/** A command of the program. */
export interface CommandRow {
  readonly summary: string;
  /** What stands on the command line without a flag; null for nothing. */
  readonly positional: { readonly placeholder: string; readonly description: string } | null;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** A setting as people write it: "--port", or the variable where there is no flag. */
export function nameOf(setting: Setting): string {
  return setting.flag === null ? (setting.variable ?? '') : `--${setting.flag}`;
}
