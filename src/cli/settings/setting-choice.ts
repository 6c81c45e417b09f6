/** What several settings mean together, and which of them contradict each other or have no effect. */
import type { NatsSettings } from '../../fleet/connection.ts';
import { isLoopbackNats } from '../../fleet/nats-address.ts';
import { developmentProblem } from '../../server/auth/host.ts';
import type { IdentityMethod, SecretMethod } from '../../server/auth/identity-key.ts';
import type { IdentitySettings } from '../../server/auth/identity.ts';
import type { SettingsOf } from './setting-table.ts';
import type { TlsSettings } from '../../server/http/tls.ts';

/** Which settings were given, by their names in the table, and how: "--jwks-url" or "HVQL_JWKS_URL". */
export type Given = ReadonlyMap<string, string>;

/** What was chosen, null for nothing, and what is wrong with the choice. */
export interface Chosen<Choice> {
  readonly choice: Choice | null;
  readonly problems: readonly string[];
}

type ServeIdentity = Pick<
  SettingsOf<'serve'>,
  | 'jwtSecret'
  | 'jwtSecretFile'
  | 'jwtKeyFile'
  | 'jwksUrl'
  | 'jwtIssuer'
  | 'jwtAudience'
  | 'requireExpiry'
  | 'host'
>;

const methodNames = ['jwtSecret', 'jwtSecretFile', 'jwtKeyFile', 'jwksUrl'];

/**
 * The way in which `serve` verifies tokens; null is development mode, which needs a loopback host unless callers have
 * client certificates.
 */
export function chooseIdentity(settings: ServeIdentity, given: Given): Chosen<IdentitySettings> {
  const { jwtIssuer: issuer, jwtAudience: audience, requireExpiry } = settings;
  const method = methodOf(settings);
  const places = placesOf(methodNames, given);
  if (places.length > 1) return { choice: null, problems: [explainSeveral(places)] };
  // A method whose value is invalid counts as given: its own problem is reported already.
  if (places.length === 1)
    return { choice: method === null ? null : { method, issuer, audience, requireExpiry }, problems: [] };
  // The problem of an invalid host is reported already.
  const isUnknown = given.has('host') && !settings.host;
  const exposed = isUnknown || given.has('tlsClientCa') ? null : developmentProblem(settings.host);
  const unused = unusedWithout('an identity method, such as --jwks-url', {
    names: ['jwtIssuer', 'jwtAudience', 'requireExpiry', ...(given.has('tlsClientCa') ? [] : ['revoked'])],
    given,
  });
  return { choice: null, problems: [...(exposed === null ? [] : [exposed]), ...unused] };
}

/** The secret that `token` signs with. */
export function chooseSecret(
  settings: Pick<SettingsOf<'token'>, 'jwtSecret' | 'jwtSecretFile'>,
  given: Given,
): Chosen<SecretMethod> {
  const places = placesOf(methodNames, given);
  if (places.length > 1) return { choice: null, problems: [explainSeveral(places)] };
  if (places.length === 1) return { choice: secretOf(settings), problems: [] };
  return {
    choice: null,
    problems: ['--jwt-secret-file is needed, or the secret itself in HVQL_JWT_SECRET.'],
  };
}

function methodOf(settings: ServeIdentity): IdentityMethod | null {
  const { jwtKeyFile, jwksUrl } = settings;
  if (jwtKeyFile !== null) return { kind: 'key-file', path: jwtKeyFile };
  if (jwksUrl !== null) return { kind: 'jwks', url: jwksUrl };
  return secretOf(settings);
}

function secretOf({
  jwtSecret,
  jwtSecretFile,
}: Pick<ServeIdentity, 'jwtSecret' | 'jwtSecretFile'>): SecretMethod | null {
  if (jwtSecret !== null) return { kind: 'secret', secret: jwtSecret };
  return jwtSecretFile === null ? null : { kind: 'secret-file', path: jwtSecretFile };
}

/** The flags or variables by which these settings were given. */
function placesOf(names: readonly string[], given: Given): readonly string[] {
  return names.flatMap((name) => given.get(name) ?? []);
}

function explainSeveral(places: readonly string[]): string {
  return `Only one identity method can be used, but there are ${places.join(' and ')}.`;
}

type ServeTls = Pick<SettingsOf<'serve'>, 'tlsCert' | 'tlsKey' | 'tlsClientCa' | 'tlsClientMap' | 'tlsCrl'>;

/** The TLS files of `serve`; null is plain HTTP. */
export function chooseTls(settings: ServeTls, given: Given): Chosen<TlsSettings> {
  const {
    tlsCert: cert,
    tlsKey: key,
    tlsClientCa: clientCa,
    tlsClientMap: clientMap,
    tlsCrl: crl,
  } = settings;
  const needs = (name: string, ...needed: readonly [name: string, flag: string][]): string[] =>
    placesOf([name], given).flatMap((place) =>
      needed
        .filter(([other]) => !given.has(other))
        .map(([, flag]) => `${place} has no effect without ${flag}.`),
    );
  const certFlag = ['tlsCert', '--tls-cert'] as const;
  const keyFlag = ['tlsKey', '--tls-key'] as const;
  const problems = [
    ...needs('tlsCert', [...keyFlag]),
    ...needs('tlsKey', [...certFlag]),
    ...(given.has('tlsCert') || given.has('tlsKey') ? [] : needs('tlsClientCa', [...certFlag], [...keyFlag])),
    ...needs('tlsClientMap', ['tlsClientCa', '--tls-client-ca']),
    ...needs('tlsCrl', ['tlsClientCa', '--tls-client-ca']),
  ];
  const choice = cert === null || key === null ? null : { cert, key, clientCa, clientMap, crl };
  return { choice, problems };
}

type ServeFleet = Pick<
  SettingsOf<'serve'>,
  'nats' | 'natsCreds' | 'natsCa' | 'natsCert' | 'natsKey' | 'gatewayKeys' | 'hostName'
>;

/** How `serve` joins a fleet. */
export interface FleetSettings {
  readonly nats: NatsSettings;
  /** File with the keys of the gateways; null in development mode. */
  readonly gatewayKeys: string | null;
  readonly hostName: string;
}

/** The fleet that `serve` joins; null for none. */
export function chooseFleet(settings: ServeFleet, given: Given): Chosen<FleetSettings> {
  const { nats: url, natsCreds: creds, natsCa: ca, natsCert: cert, natsKey: key } = settings;
  const { gatewayKeys, hostName } = settings;
  if (!given.has('nats'))
    return { choice: null, problems: unusedWithout('--nats', { names: fleetSettings, given }) };
  const problems: string[] = [];
  if (!given.has('hostName'))
    problems.push('--nats needs --host-name, the name by which gateways know this host.');
  if (url !== null && !given.has('gatewayKeys') && !isLoopbackNats(url))
    problems.push(
      `--nats ${url} is not on this machine, so --gateway-keys is needed: without it, a host answers all clients of NATS.`,
    );
  if ((cert === null) !== (key === null)) problems.push('--nats-cert and --nats-key must be given together.');
  if (url === null || hostName === null || problems.length > 0) return { choice: null, problems };
  return { choice: { nats: { url, creds, ca, cert, key }, gatewayKeys, hostName }, problems };
}

const fleetSettings = ['natsCreds', 'natsCa', 'natsCert', 'natsKey', 'gatewayKeys'];

type GatewayNats = Pick<
  SettingsOf<'gateway'>,
  'nats' | 'natsCreds' | 'natsCa' | 'natsCert' | 'natsKey' | 'gatewayKey'
>;

/** Where the NATS of `gateway` is. */
export function chooseNats(settings: GatewayNats): Chosen<NatsSettings> {
  const { nats: url, natsCreds: creds, natsCa: ca, natsCert: cert, natsKey: key, gatewayKey } = settings;
  const problems: string[] = [];
  // An invalid or missing address is reported already.
  const isElsewhere = (url as string | null) !== null && !isLoopbackNats(url);
  if (isElsewhere && gatewayKey === null)
    problems.push(
      `--nats ${url} is not on this machine, so --gateway-key is needed: hosts on other machines do not accept unsigned tokens.`,
    );
  if ((cert === null) !== (key === null)) problems.push('--nats-cert and --nats-key must be given together.');
  return { choice: { url, creds, ca, cert, key }, problems };
}

/** A sentence for each setting that has no effect, because the one that it belongs to is not given. */
export function unusedSettings(given: Given, source: string | null): readonly string[] {
  const isNamed = source === null || /^mshv(?:[:?]|$)/.test(source);
  return [
    ...(given.has('audit') ? [] : unusedWithout('--audit', { names: ['auditSize'], given })),
    ...(given.has('guestSocket') ? [] : unusedWithout('--guest-socket', { names: guestSettings, given })),
    ...(isNamed ? [] : unusedWithout('--source mshv', { names: ['names'], given })),
  ];
}

const guestSettings = ['guestSocketMode', 'guestPort'];

function unusedWithout(
  flag: string,
  { names, given }: { readonly names: readonly string[]; readonly given: Given },
): readonly string[] {
  return placesOf(names, given).map((place) => `${place} has no effect without ${flag}.`);
}

/** What is wrong with the settings of `top` together. */
export function topProblems(settings: SettingsOf<'top'>, given: Given): readonly string[] {
  const problems: string[] = [];
  const isRemote = given.has('url');
  const flagOf = (name: string): string | null => {
    const place = given.get(name);
    return place !== undefined && place.startsWith('--') ? place : null;
  };
  for (const name of isRemote ? ['source', 'names'] : ['tokenFile', 'tlsCa', 'tlsCert', 'tlsKey']) {
    // Variables are for all commands; only what was typed for this one can be a mistake.
    const flag = flagOf(name);
    if (flag !== null) problems.push(`${flag} has no effect ${isRemote ? 'with' : 'without'} --url.`);
  }
  if ((settings.tlsCert === null) !== (settings.tlsKey === null))
    problems.push('--tls-cert and --tls-key must be given together.');
  if (settings.once && settings.for !== null)
    problems.push('--once prints once, and --for says how long to go on: give one of them.');
  return problems;
}
