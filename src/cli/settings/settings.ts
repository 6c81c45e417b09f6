/** Parses the command line and the environment into a command with its settings, or throws all problems. */
import { UsageError } from '../../errors.ts';
import type { SecretMethod } from '../../server/auth/identity-key.ts';
import type { IdentitySettings } from '../../server/auth/identity.ts';
import type { NatsSettings } from '../../fleet/connection.ts';
import type { TlsSettings } from '../../server/http/tls.ts';
import {
  chooseFleet,
  chooseIdentity,
  chooseNats,
  chooseSecret,
  chooseTls,
  topProblems,
  unusedSettings,
  type FleetSettings,
} from './setting-choice.ts';
import {
  findUnknownVariables,
  readSettings,
  withoutServiceLinks,
  type Environment,
  type Read,
} from './setting-reader.ts';
import { commandNames, commands, type CommandName, type SettingsOf } from './setting-table.ts';
import type { CommandRow } from './setting.ts';
import { didYouMean } from '../../lib/suggestion.ts';

/** Settings that are combined into one, and so are missing from a command's own settings. */
const methodSettings = ['jwtSecret', 'jwtSecretFile', 'jwtKeyFile', 'jwksUrl'] as const;
const identitySettings = [...methodSettings, 'jwtIssuer', 'jwtAudience', 'requireExpiry'] as const;
const serverTlsSettings = ['tlsCert', 'tlsKey'] as const;
const tlsSettings = [...serverTlsSettings, 'tlsClientCa', 'tlsClientMap', 'tlsCrl'] as const;
const natsSettings = ['natsCreds', 'natsCa', 'natsCert', 'natsKey'] as const;
const partsOfServe = [
  ...identitySettings,
  ...tlsSettings,
  ...natsSettings,
  ...(['nats', 'gatewayKeys'] as const),
] as const;
const partsOfGateway = [...identitySettings, ...serverTlsSettings, ...natsSettings] as const;
const partsOfToken = ['jwtSecret', 'jwtSecretFile'] as const;

/** The settings of `serve`. */
export interface ServeSettings extends Omit<SettingsOf<'serve'>, (typeof partsOfServe)[number]> {
  /** How tokens are verified; null in development mode, or if only certificates authenticate callers. */
  readonly identity: IdentitySettings | null;
  /** The fleet to join; null for none. */
  readonly fleet: FleetSettings | null;
  /** null for plain HTTP. */
  readonly tls: TlsSettings | null;
}

/** The settings of `gateway`. */
export interface GatewaySettings extends Omit<
  SettingsOf<'gateway'>,
  'nats' | (typeof partsOfGateway)[number]
> {
  readonly nats: NatsSettings;
  /** null in development mode. */
  readonly gatewayKey: string | null;
  readonly identity: IdentitySettings | null;
  readonly tls: TlsSettings | null;
}

/** The settings of `fleet`. */
export interface SimulatedFleetSettings extends Omit<SettingsOf<'fleet'>, (typeof methodSettings)[number]> {
  /** null in development mode. */
  readonly identity: IdentitySettings | null;
}

/** The settings of `token`. */
export interface TokenSettings extends Omit<SettingsOf<'token'>, (typeof partsOfToken)[number]> {
  readonly secret: SecretMethod;
}

/** The settings of `top`. */
export type TopSettings = SettingsOf<'top'>;

/** A command with its settings. Times are in milliseconds. */
export type Command =
  | { readonly name: 'serve'; readonly settings: ServeSettings }
  | { readonly name: 'gateway'; readonly settings: GatewaySettings }
  | { readonly name: 'fleet'; readonly settings: SimulatedFleetSettings }
  | { readonly name: 'top'; readonly settings: TopSettings }
  | { readonly name: 'record'; readonly settings: SettingsOf<'record'> }
  | { readonly name: 'simulate'; readonly settings: SettingsOf<'simulate'> }
  | { readonly name: 'inspect'; readonly settings: SettingsOf<'inspect'> & { readonly page: string } }
  | { readonly name: 'operations'; readonly settings: { readonly folder: string } }
  | { readonly name: 'doctor' }
  | { readonly name: 'token'; readonly settings: TokenSettings }
  /** `topic` is the command to describe; null for all commands. */
  | { readonly name: 'help'; readonly topic: CommandName | null }
  | { readonly name: 'version' };

const helpWords = ['help', '--help', '-h'];

/** The variables of all commands, because a variable of another command is not an error. */
const knownVariables = commandNames.flatMap((name) => {
  const { settings }: CommandRow = commands[name];
  return Object.values(settings).flatMap(({ variable }) => variable ?? []);
});

/**
 * Parses a command line without the name of the program. No command means help. Throws a UsageError with all problems.
 */
export function parseCommand(argv: readonly string[], environment: Environment): Command {
  const env = withoutServiceLinks(environment);
  const [word = 'help', ...args] = argv;
  if (['version', '--version', '-v', '-V'].includes(word)) return { name: 'version' };
  if (helpWords.includes(word)) return { name: 'help', topic: findTopic(args[0]) };
  const name = findCommand(word);
  const unknownVariables = findUnknownVariables(env, knownVariables);
  if (name === undefined) throw new UsageError([unknownCommand(word), ...unknownVariables]);
  if (wantsHelp(args)) return { name: 'help', topic: name };
  const read = readSettings(commands[name], { args, env });
  const problems = [...read.problems, ...unknownVariables];
  const command = assemble(name, { read, problems });
  if (problems.length > 0 || command === null) throw new UsageError(problems);
  return command;
}

/** The command to describe; null for all commands. */
function findTopic(word: string | undefined): CommandName | null {
  const topic = findCommand(word);
  if (topic !== undefined) return topic;
  if (word === undefined || word.startsWith('-') || helpWords.includes(word)) return null;
  throw new UsageError([unknownCommand(word)]);
}

function findCommand(word: string | undefined): CommandName | undefined {
  return commandNames.find((name) => name === word);
}

function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).some((flag) => flag === '--help' || flag === '-h');
}

function unknownCommand(word: string): string {
  const list = `the commands are ${commandNames.join(', ')} and help`;
  if (word.startsWith('-')) return `A command is needed before ${word}: ${list}.`;
  return `${JSON.stringify(word)} is no command: ${list}.${didYouMean(word, commandNames)}`;
}

/** The command, if its settings are complete. Adds the problems of combinations of settings. */
function assemble(name: CommandName, { read, problems }: { read: Read; problems: string[] }): Command | null {
  switch (name) {
    case 'serve': {
      const values = valuesOf<'serve'>(read);
      const identity = chooseIdentity(values, read.given);
      const tls = chooseTls(values, read.given);
      const fleet = chooseFleet(values, read.given);
      const unused = unusedSettings(read.given, values.source);
      problems.push(...identity.problems, ...tls.problems, ...fleet.problems, ...unused);
      return {
        name,
        settings: {
          ...without(values, partsOfServe),
          identity: identity.choice,
          tls: tls.choice,
          fleet: fleet.choice,
        },
      };
    }
    case 'gateway': {
      const values = valuesOf<'gateway'>(read);
      const identity = chooseIdentity(values, read.given);
      const tls = chooseTls({ ...values, tlsClientCa: null, tlsClientMap: null, tlsCrl: null }, read.given);
      const nats = chooseNats(values);
      const unused = unusedSettings(read.given, null);
      problems.push(...identity.problems, ...tls.problems, ...nats.problems, ...unused);
      if (nats.choice === null) return null;
      return {
        name,
        settings: {
          ...without(values, partsOfGateway),
          nats: nats.choice,
          identity: identity.choice,
          tls: tls.choice,
        },
      };
    }
    case 'fleet': {
      const values = valuesOf<'fleet'>(read);
      const { jwtSecret, jwtSecretFile, ...settings } = values;
      const method = { jwtSecret, jwtSecretFile, jwtKeyFile: null, jwksUrl: null };
      const claims = { jwtIssuer: null, jwtAudience: null, requireExpiry: false };
      const identity = chooseIdentity({ ...method, ...claims, host: values.host }, read.given);
      problems.push(...identity.problems);
      return { name, settings: { ...settings, identity: identity.choice } };
    }
    case 'token': {
      const values = valuesOf<'token'>(read);
      const { choice: secret, problems: more } = chooseSecret(values, read.given);
      problems.push(...more);
      return secret && { name, settings: { ...without(values, partsOfToken), secret } };
    }
    case 'inspect':
      return { name, settings: { ...valuesOf<'inspect'>(read), page: read.positional ?? '' } };
    case 'operations':
      return { name, settings: { folder: read.positional ?? '' } };
    case 'doctor':
      return { name };
    case 'top': {
      const settings = valuesOf<'top'>(read);
      const unused = settings.url === null ? unusedSettings(read.given, settings.source) : [];
      problems.push(...topProblems(settings, read.given), ...unused);
      return { name, settings };
    }
    case 'record': {
      const settings = valuesOf<'record'>(read);
      problems.push(...unusedSettings(read.given, settings.source));
      return { name, settings };
    }
    case 'simulate':
      return { name, settings: valuesOf<'simulate'>(read) };
  }
}

/** The values, with the types of the table. An invalid value is null, but is never used, because problems are thrown. */
function valuesOf<Name extends CommandName>(read: Read): SettingsOf<Name> {
  return read.values as SettingsOf<Name>;
}

/** The values without those with these names. */
function without<Values extends object, Name extends keyof Values>(
  values: Values,
  names: readonly Name[],
): Omit<Values, Name> {
  const others = Object.entries(values).filter(([name]) => !names.some((each) => each === name));
  return Object.fromEntries(others) as Omit<Values, Name>;
}
