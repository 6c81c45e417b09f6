/** Keys that tokens are verified with, each with the algorithms that it may be used for. */
import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { messageOf, UsageError } from '../../errors.ts';
import type { IdentityMethod, SecretMethod } from './identity.ts';
import { asymmetricAlgorithms, readPublicKey } from './public-key.ts';

/** A way to the key for a token's header, and the algorithms it is for. */
export interface VerificationKey {
  readonly algorithms: readonly string[];
  readonly resolve: JWTVerifyGetKey;
  /** Another number once the keys may be others; left out where they stay the same. */
  readonly keysVersion?: () => number;
}

/** HMAC with SHA-256 needs a key of 256 bits or more (RFC 7518, 3.2). */
const shortestSecretInBytes = 32;
const secretAlgorithms = ['HS256', 'HS384', 'HS512'];

/** How long the key set's server may take to answer. */
const fetchTimeoutMilliseconds = 5_000;
/**
 * The key set is fetched anew for a key id that it lacks, but no more often than this: keys rotate, and anyone may
 * make up key ids.
 */
const fetchCooldownMilliseconds = 10_000;
/** How long a server that gave no key set is left alone, whoever asks meanwhile. */
const failureCooldownMilliseconds = 5_000;
/** The age at which a key set is fetched anew in any case, so that a withdrawn key stops being good. */
const keySetMaxAgeMilliseconds = 300_000;

/** A key set that could not be had a moment ago, and is not asked for again yet. */
export class KeySetResting extends Error {
  override readonly name = 'KeySetResting';
}

/**
 * Opens the key of a method. Rejects with a UsageError where it is of no use. The key of a key set rejects with
 * KeySetResting for a while after the set could not be had. `now` is in milliseconds since 1970.
 */
export async function openKey(method: IdentityMethod, now: () => number): Promise<VerificationKey> {
  switch (method.kind) {
    case 'secret':
    case 'secret-file': {
      const secret = await openSecret(method);
      return { algorithms: secretAlgorithms, resolve: () => secret };
    }
    case 'key-file':
      return readPublicKey((await readBytes(method.path, 'key')).toString('utf8'), method.path);
    case 'jwks':
      return { algorithms: asymmetricAlgorithms, ...remoteKeySet(method.url, now) };
  }
}

/** The secret, of a file without a newline at its end. Rejects with a UsageError where it is missing or too short. */
export async function openSecret(method: SecretMethod): Promise<Uint8Array> {
  if (method.kind === 'secret') return checkSecret(method.secret, 'The secret');
  const bytes = await readBytes(method.path, 'secret');
  const end = bytes.at(-1) !== 0x0a ? bytes.length : bytes.at(-2) === 0x0d ? -2 : -1;
  return checkSecret(bytes.subarray(0, end), `The secret in ${method.path}`);
}

/** Gives the secret back. Throws a UsageError, in which `place` names it, where it is too short. */
export function checkSecret(secret: Uint8Array, place: string): Uint8Array {
  if (secret.length >= shortestSecretInBytes) return secret;
  const there = secret.length === 0 ? 'it is empty' : `it has ${secret.length}`;
  throw new UsageError([
    `${place} needs ${shortestSecretInBytes} bytes or more (RFC 7518, 3.2), but ${there}. ` +
      `"openssl rand -base64 48" makes a good one.`,
  ]);
}

function remoteKeySet(url: URL, now: () => number): Omit<VerificationKey, 'algorithms'> {
  let fetches = 0;
  const fetchKeys = fetchWithRests(now);
  const resolve = createRemoteJWKSet(url, {
    timeoutDuration: fetchTimeoutMilliseconds,
    cooldownDuration: fetchCooldownMilliseconds,
    cacheMaxAge: keySetMaxAgeMilliseconds,
    [customFetch]: (...request) => {
      fetches += 1;
      return fetchKeys(...request);
    },
  });
  return { resolve, keysVersion: () => fetches };
}

/** jose remembers a key set, and fetches one again for every token where it has none: this is what keeps it from that. */
function fetchWithRests(now: () => number): FetchImplementation {
  let lastFetchAt = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    const elapsed = now() - lastFetchAt;
    // Whoever asks so soon after the last time got no key set then. A clock that was set back holds nobody up.
    if (elapsed >= 0 && elapsed < failureCooldownMilliseconds)
      throw new KeySetResting(`The key set could not be had ${elapsed} ms ago.`);
    try {
      return await fetch(url, options);
    } finally {
      // A server that never answers has its rest as well: it begins when the waiting ends.
      lastFetchAt = now();
    }
  };
}

async function readBytes(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw new UsageError([`The ${what} file ${path} cannot be read: ${messageOf(thrown)}.`]);
  }
}
