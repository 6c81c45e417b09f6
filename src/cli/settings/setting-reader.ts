/** Reads one command's settings from its arguments and the environment, and collects all problems. */
import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '../../errors.ts';
import { nameOf, type CommandRow, type Setting } from './setting.ts';
import { didYouMean } from '../../lib/suggestion.ts';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that were read. */
export interface Read {
  /** By the settings' names in the table; null if not given and without default. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Which settings were given, and how: "--port" or "HVQL_PORT". */
  readonly given: ReadonlyMap<string, string>;
  /** The argument without a flag; null if there was none. */
  readonly positional: string | null;
  readonly problems: readonly string[];
}

/** The texts given for a setting, and where; several only for a repeatable one. */
interface GivenTexts {
  readonly texts: readonly string[];
  readonly place: string;
}

/** Reads the settings. A flag takes precedence over the environment; an empty variable counts as not given. */
export function readSettings(row: CommandRow, context: { args: readonly string[]; env: Environment }): Read {
  const { texts, positionals, problems } = readArguments(row, context.args);
  const values: Record<string, unknown> = {};
  const given = new Map<string, string>();
  for (const [name, setting] of Object.entries(row.settings)) {
    const found = texts.get(setting) ?? readVariable(setting, context.env);
    if (found !== undefined) given.set(name, found.place);
    const read = parseTexts(setting, found ?? { texts: presetOf(setting), place: nameOf(setting) });
    values[name] = setting.isRepeatable === true ? read.values : (read.values[0] ?? null);
    problems.push(...read.problems);
  }
  problems.push(...checkPositionals(row, positionals));
  return { values, given, positional: positionals[0] ?? null, problems };
}

/**
 * The environment without the variables that Kubernetes and Docker set for services whose names begin with "hvql":
 * HVQL_SERVICE_HOST, HVQL_PORT=tcp://10.0.0.1:4000, HVQL_PORT_4000_TCP_ADDR, HVQL_METRICS_SERVICE_PORT_HTTP.
 */
export function withoutServiceLinks(env: Environment): Environment {
  const isLink = ([name, text]: readonly [string, string | undefined]): boolean =>
    serviceLink.test(name) || (/^HVQL_(\w+_)?PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(text ?? ''));
  return Object.fromEntries(Object.entries(env).filter((variable) => !isLink(variable)));
}

const serviceLink =
  /^HVQL_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)$/;

/** Problems with unknown HVQL_… variables: a setting with a misspelled name must not be ignored. */
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
  const tokens = tokensOf(args);
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    const argument = args[token.index] ?? '';
    if (token.kind === 'positional') positionals.push(argument);
    if (token.kind !== 'option') continue;
    const [flag = ''] = argument.split('=', 1);
    const setting = flags.get(flag);
    let text = token.value;
    const [next] = tokens;
    // The argument after a flag is its value, unless it is a flag itself or "--", or the flag is a switch.
    if (text === undefined && setting?.placeholder !== null && next?.kind === 'positional') {
      text = next.value;
      tokens.shift();
    }
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
  return { texts, positionals, problems };
}

/**
 * Splits the arguments with parseArgs into flags, inline values and positionals. No options are declared, because it would
 * use the flag in "--port --host localhost" as the value of --port. There are no short flags, so an argument with one dash
 * gets two more, which prevents parseArgs from reading it as a group of letters.
 */
function tokensOf(args: readonly string[]) {
  const long = args.map((argument) => (/^-[^-]/.test(argument) ? `--${argument}` : argument));
  return parseArgs({ args: long, strict: false, tokens: true, allowPositionals: true }).tokens;
}

function checkFlag(
  flag: string,
  { setting, text, isTwice }: { setting: Setting | undefined; text: string | undefined; isTwice: boolean },
): string | null {
  if (setting === undefined) return `${flag} is not a flag of this command.`;
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
  return positionals.slice(expected).map((text) => `${JSON.stringify(text)} is an unexpected argument.`);
}
