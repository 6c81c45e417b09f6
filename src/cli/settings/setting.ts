/** The types of the rows in the table of settings. */

/** One setting: a flag, a variable, or both. */
export interface Setting<Value = unknown> {
  /** Without the dashes; null for a secret, since other users can read command lines. */
  readonly flag: string | null;
  readonly variable: `HVQL_${string}` | null;
  /** Stands for the value in help texts; null for a switch, which has no value. */
  readonly placeholder: string | null;
  /** Parses the text. Throws an Error with the problem and what is needed; a UsageError for several problems. */
  readonly parse: (text: string) => Value;
  /** The text that is used if none is given; null for no value. */
  readonly default: string | null;
  /** Whether the command needs it. */
  readonly isRequired?: true;
  /** Whether its flag may be given several times; its variable holds several with commas between them. */
  readonly isRepeatable?: true;
  readonly description: string;
}

/**
 * The type of a setting's value: nullable only if it has no default and is not required. A repeatable setting has a list,
 * which is empty if it is not given.
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
  /** The argument without a flag; null if the command takes none. */
  readonly positional: { readonly placeholder: string; readonly description: string } | null;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** The name of a setting in messages: "--port", or the variable if it has no flag. */
export function nameOf(setting: Setting): string {
  return setting.flag === null ? (setting.variable ?? '') : `--${setting.flag}`;
}
