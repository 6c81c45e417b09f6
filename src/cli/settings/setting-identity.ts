/** Which identity method the settings come to; there can be one. */
import { developmentProblem } from '../../server/auth/host.ts';
import type { IdentityMethod, SecretMethod } from '../../server/auth/identity-key.ts';
import type { IdentitySettings } from '../../server/auth/identity.ts';
import type { SettingsOf } from './setting-table.ts';

/** Which settings were given, by their names in the table, and how: "--jwks-url" or "HVQL_JWKS_URL". */
export type Given = ReadonlyMap<string, string>;

/** What was chosen, null for nothing, and what is wrong with the choice. */
export interface Chosen<Choice> {
  readonly choice: Choice | null;
  readonly problems: readonly string[];
}

type ServeIdentity = Pick<
  SettingsOf<'serve'>,
  'jwtSecret' | 'jwtSecretFile' | 'jwtKeyFile' | 'jwksUrl' | 'jwtIssuer' | 'jwtAudience' | 'host'
>;

const methodNames = ['jwtSecret', 'jwtSecretFile', 'jwtKeyFile', 'jwksUrl'];

/**
 * The way to verify tokens that `serve` is told to use. None is development mode, which only a loopback host may be in,
 * but where callers show certificates.
 */
export function chooseIdentity(settings: ServeIdentity, given: Given): Chosen<IdentitySettings> {
  const { jwtIssuer: issuer, jwtAudience: audience } = settings;
  const method = methodOf(settings);
  const places = placesOf(methodNames, given);
  if (places.length > 1) return { choice: null, problems: [explainSeveral(places)] };
  // One that was given, if only with a value that is no good, is a method all the same.
  if (places.length === 1)
    return { choice: method === null ? null : { method, issuer, audience }, problems: [] };
  // A host that is wrong in itself has its own problem already.
  const isUnknown = given.has('host') && !settings.host;
  const exposed = isUnknown || given.has('tlsClientCa') ? null : developmentProblem(settings.host);
  const unused = placesOf(['jwtIssuer', 'jwtAudience'], given).map(
    (place) => `${place} is of no use without an identity method, such as --jwks-url.`,
  );
  return { choice: null, problems: [...(exposed === null ? [] : [exposed]), ...unused] };
}

/** The secret that `token` is told to sign with. */
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

/** How those of the settings were given that were, by their names in the table. */
export function placesOf(names: readonly string[], given: Given): readonly string[] {
  return names.flatMap((name) => given.get(name) ?? []);
}

function explainSeveral(places: readonly string[]): string {
  return `Only one identity method can be used, but there are ${places.join(' and ')}.`;
}
