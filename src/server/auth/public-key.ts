/** Reads a public key file in any of its usual forms. */
import { createPublicKey, hash, KeyObject, X509Certificate, type webcrypto } from 'node:crypto';
import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose';
import { messageOf, UsageError } from '../../errors.ts';
import { excerpt, isObject } from '../../lib/json.ts';

/** Finds the key that a token's header names. */
export interface VerificationKey {
  /** The algorithms that its keys may be used with. */
  readonly algorithms: readonly string[];
  readonly resolve: JWTVerifyGetKey;
  /** The `keyId` of every key that it can return. */
  readonly ids: ReadonlySet<string>;
}

/** A digest of the key itself: the same in every file format and under every `kid`. */
export function keyId(key: Uint8Array | KeyObject | webcrypto.CryptoKey): string {
  if (key instanceof Uint8Array) return hash('sha256', key, 'base64');
  const object = key instanceof KeyObject ? key : KeyObject.from(key);
  return hash('sha256', object.export({ type: 'spki', format: 'der' }), 'base64');
}

/** The ids of the usable keys of a set. Keys that Node cannot import are left out. */
export function keyIdsOf(keys: readonly JWK[]): ReadonlySet<string> {
  const ids = keys.flatMap((key) => {
    try {
      return [keyId(createPublicKey({ key, format: 'jwk' }))];
    } catch {
      return [];
    }
  });
  return new Set(ids);
}

const rsaAlgorithms = ['RS256', 'RS384', 'RS512'];
const pssAlgorithms = ['PS256', 'PS384', 'PS512'];
const edwardsAlgorithms = ['EdDSA', 'Ed25519'];
/** The algorithm of each curve, by OpenSSL's name of the curve. */
const curveAlgorithms = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

/** All algorithms with public keys. Each key of a set says which of them it is for. */
export const asymmetricAlgorithms: readonly string[] = [
  ...rsaAlgorithms,
  ...pssAlgorithms,
  ...curveAlgorithms.values(),
  ...edwardsAlgorithms,
];

/** RFC 7518, 3.3 forbids signatures with shorter RSA keys. */
const shortestRsaBits = 2_048;

const forms =
  'expected a public key (PEM, "BEGIN PUBLIC KEY"), an X.509 certificate (PEM), a JSON Web Key or a JSON Web Key Set';

/** Reads the public key from the text of the file at `path`. Throws a UsageError if the text has none. */
export function readPublicKey(text: string, path: string): VerificationKey {
  const refuse = (problem: string): UsageError => new UsageError([`The key file ${path} ${problem}.`]);
  const privateKey = 'contains a private key, which only the signer may have; use the matching public key';
  // OpenSSL would silently use the public half of a private key.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw refuse(privateKey);
  if (text.trimStart().startsWith('{')) {
    const keys = parseKeySet(text, refuse);
    if (keys.some((key) => 'd' in key)) throw refuse(privateKey);
    if (keys.some((key) => key.kty === 'oct')) {
      throw refuse('holds a symmetric key (kty "oct"); give a shared secret with --jwt-secret-file instead');
    }
    checkKeys(keys, refuse);
    return {
      algorithms: asymmetricAlgorithms,
      resolve: createLocalJWKSet({ keys }),
      ids: keyIdsOf(keys),
    };
  }
  const key = parsePem(text, refuse);
  return { algorithms: algorithmsOf(key, refuse), resolve: () => key, ids: new Set([keyId(key)]) };
}

type Refuse = (problem: string) => UsageError;

function parsePem(text: string, refuse: Refuse): KeyObject {
  const label = /-----BEGIN (?<label>[A-Z0-9 ]+)-----/.exec(text)?.groups?.['label'];
  if (label === undefined) throw refuse(`is not a key: ${forms}`);
  try {
    return label === 'CERTIFICATE' ? new X509Certificate(text).publicKey : createPublicKey(text);
  } catch (thrown) {
    throw refuse(`has a ${label} that cannot be read (${messageOf(thrown)}): ${forms}`);
  }
}

function algorithmsOf(key: KeyObject, refuse: Refuse): readonly string[] {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss': {
      const bits = details?.modulusLength ?? 0;
      if (bits < shortestRsaBits) {
        throw refuse(`has an RSA key of ${bits} bits: expected ${shortestRsaBits} or more (RFC 7518, 3.3)`);
      }
      return key.asymmetricKeyType === 'rsa' ? [...rsaAlgorithms, ...pssAlgorithms] : pssAlgorithms;
    }
    case 'ec': {
      const algorithm = curveAlgorithms.get(details?.namedCurve ?? '');
      if (algorithm === undefined) {
        const curves = [...curveAlgorithms.keys()].join(', ');
        throw refuse(`has a key on the curve ${String(details?.namedCurve)}: expected one of ${curves}`);
      }
      return [algorithm];
    }
    case 'ed25519':
      return edwardsAlgorithms;
    default:
      throw refuse(`has a key of the kind ${String(key.asymmetricKeyType)}: expected RSA, EC or Ed25519`);
  }
}

function parseKeySet(text: string, refuse: Refuse): JWK[] {
  let parsed: object;
  try {
    // The text begins with a brace.
    parsed = JSON.parse(text) as object;
  } catch (thrown) {
    throw refuse(`begins like JSON but is not valid (${messageOf(thrown)}): ${forms}`);
  }
  const keys = 'keys' in parsed ? parsed.keys : [parsed];
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isKey)) {
    throw refuse(`is JSON, but neither a JSON Web Key ("kty") nor a set of them ("keys"): ${forms}`);
  }
  return keys;
}

/** The members that a key of each supported kind needs (RFC 7518, 6; RFC 8037, 2). */
const jwkMembers: ReadonlyMap<string, readonly (keyof JWK)[]> = new Map([
  ['RSA', ['n', 'e']],
  ['EC', ['crv', 'x', 'y']],
  ['OKP', ['crv', 'x']],
]);
const jwkCurves = ['P-256', 'P-384', 'P-521', 'Ed25519'];

/** Throws unless the set has a key of a supported kind and all such keys are valid. Others are ignored (RFC 7517, 5). */
function checkKeys(keys: readonly JWK[], refuse: Refuse): void {
  const ours = keys.filter(({ kty = '', crv }) => jwkMembers.has(kty) && (!crv || jwkCurves.includes(crv)));
  if (ours.length === 0) {
    const kinds = keys.map(({ kty, crv }) => [kty, crv].filter(Boolean).join(' ')).join(', ');
    throw refuse(
      `has no key to verify with, but ${kinds}: expected RSA, EC (P-256, P-384, P-521) or Ed25519`,
    );
  }
  for (const key of ours) algorithmsOf(parseJwk(key, refuse), refuse);
}

function parseJwk(key: JWK, refuse: Refuse): KeyObject {
  const { kty = '', kid } = key;
  const label = `a JSON Web Key (kty "${kty}"${kid === undefined ? '' : `, kid ${JSON.stringify(kid)}`})`;
  // Not every version of Node says which member is wrong.
  for (const name of jwkMembers.get(kty) ?? []) {
    if (typeof key[name] === 'string') continue;
    const found = key[name] === undefined ? 'missing' : excerpt(JSON.stringify(key[name]), 80);
    throw refuse(`has ${label} that cannot be used: "${name}" needs to be a string, but is ${found}`);
  }
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch (thrown) {
    throw refuse(`has ${label} that cannot be used: ${messageOf(thrown)}`);
  }
}

function isKey(value: unknown): value is JWK {
  return isObject(value) && typeof value['kty'] === 'string';
}
