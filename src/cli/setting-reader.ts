/** Reads one command's settings from its arguments and the environment, and collects all that is wrong with them. */
import { messageOf, UsageError } from '../errors.ts';
import { nameOf, type Setting } from './setting.ts';
import type { CommandRow } from './setting-table.ts';
import { didYouMean } from '../source/suggestion.ts';

/** The environment as it is given to a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What was read. */
export interface Read {
  /** By the settings' names in the table; null for what was not given and has no default. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Which settings were given, and how: "--port" or "HVQL_PORT". */
  readonly given: ReadonlyMap<string, string>;
  /** The argument without a flag; null where there was none. */
  readonly positional: string | null;
  readonly problems: readonly string[];
}

/** What was given for a setting, and where; several texts only for one that may be repeated. */
interface GivenTexts {
  readonly texts: readonly string[];
  readonly place: string;
}

/** Reads the settings. A flag wins over the environment; a variable that is empty counts as not given. */
export function readSettings(row: CommandRow, world: { args: readonly string[]; env: Environment }): Read {
  const { texts, positionals, problems } = readArguments(row, world.args);
  const values: Record<string, unknown> = {};
  const given = new Map<string, string>();
  for (const [name, setting] of Object.entries(row.settings)) {
    const found = texts.get(setting) ?? readVariable(setting, world.env);
    if (found !== undefined) given.set(name, found.place);
    const read = parseTexts(setting, found ?? { texts: presetOf(setting), place: nameOf(setting) });
    values[name] = setting.isRepeatable === true ? read.values : (read.values[0] ?? null);
    problems.push(...read.problems);
  }
  problems.push(...checkPositionals(row, positionals));
  return { values, given, positional: positionals[0] ?? null, problems };
}

/** Variables that look like ours but are not: one letter wrong, and a setting would be silently ignored. */
export function findUnknownVariables(env: Environment, known: readonly string[]): readonly string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('HVQL_') && !known.includes(name))
    .map((name) => `${name} is no variable of hvql.${didYouMean(name, known)}`);
}

function presetOf({ default: preset }: Setting): readonly string[] {
  return preset === null ? [] : [preset];
}

function parseTexts(
  setting: Setting,
  { texts, place }: GivenTexts,
): { readonly values: readonly unknown[]; readonly problems: readonly string[] } {
  const values: unknown[] = [];
  const problems: string[] = [];
  if (texts.length === 0 && setting.isRequired === true) {
    problems.push(`${nameOf(setting)} is needed: ${setting.description}.`);
  }
  for (const text of texts) {
    try {
      values.push(setting.parse(text));
    } catch (thrown) {
      const reasons = thrown instanceof UsageError ? thrown.problems : [messageOf(thrown)];
      problems.push(...reasons.map((reason) => `${place}: ${reason}`));
    }
  }
  return { values, problems };
}

function readVariable({ variable, isRepeatable }: Setting, env: Environment): GivenTexts | undefined {
  if (variable === null) return undefined;
  const text = env[variable];
  if (text === undefined || text === '') return undefined;
  const texts = isRepeatable === true ? text.split(',').map((part) => part.trim()) : [text];
  return { texts, place: variable };
}

interface ReadArguments {
  readonly texts: Map<Setting, GivenTexts>;
  readonly positionals: readonly string[];
  readonly problems: string[];
}

function readArguments(row: CommandRow, args: readonly string[]): ReadArguments {
  const flags = new Map(Object.values(row.settings).map((setting) => [nameOf(setting), setting]));
  const texts = new Map<Setting, GivenTexts>();
  const positionals: string[] = [];
  const problems: string[] = [];
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--') {
      positionals.push(...rest.splice(0));
    } else if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
    } else {
      const { flag, inline } = splitFlag(argument);
      const setting = flags.get(flag);
      // A switch has no value, and what follows another flag is none.
      const takesNext = inline === undefined && setting?.placeholder !== null && isValue(rest[0]);
      const text = inline ?? (takesNext ? rest.shift() : undefined);
      const problem = checkFlag(flag, {
        setting,
        text,
        isTwice: setting !== undefined && setting.isRepeatable !== true && texts.has(setting),
      });
      if (problem !== null)
        problems.push(setting === undefined ? problem + didYouMean(flag, [...flags.keys()]) : problem);
      else if (setting !== undefined) {
        const before = texts.get(setting)?.texts ?? [];
        texts.set(setting, { texts: [...before, text ?? ''], place: flag });
      }
    }
  }
  return { texts, positionals, problems };
}

/** Whether an argument is a value, not a flag; "-" stands for standard output. */
function isValue(argument: string | undefined): boolean {
  return argument === '-' || argument?.startsWith('-') === false;
}

function splitFlag(argument: string): { flag: string; inline: string | undefined } {
  const at = argument.indexOf('=');
  return at === -1
    ? { flag: argument, inline: undefined }
    : { flag: argument.slice(0, at), inline: argument.slice(at + 1) };
}

function checkFlag(
  flag: string,
  { setting, text, isTwice }: { setting: Setting | undefined; text: string | undefined; isTwice: boolean },
): string | null {
  if (setting === undefined) return `${flag} is no flag of this command.`;
  if (isTwice) return `${flag} is given twice.`;
  if (setting.placeholder === null) return text === undefined ? null : `${flag} takes no value.`;
  return text === undefined ? `${flag} needs a value: ${flag} ${setting.placeholder}.` : null;
}

function checkPositionals(row: CommandRow, positionals: readonly string[]): readonly string[] {
  const { positional } = row;
  if (positional !== null && positionals.length === 0) {
    return [`${positional.placeholder} is needed: ${positional.description}.`];
  }
  const expected = positional === null ? 0 : 1;
  return positionals.slice(expected).map((text) => `${JSON.stringify(text)} is one argument too many.`);
}
