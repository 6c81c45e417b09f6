/** Keys that tokens are verified with, each with the algorithms that it may be used for. */
import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, customFetch, type FetchImplementation } from 'jose';
import { messageOf, UsageError } from '../../errors.ts';
import { withoutByteOrderMark } from '../../lib/json.ts';
import { asymmetricAlgorithms, readPublicKey, type VerificationKey } from './public-key.ts';
import { checkSecret } from './secret.ts';

/** A secret that tokens are signed and verified with. */
export type SecretMethod =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'secret-file'; readonly path: string };

/** Where the key comes from. */
export type IdentityMethod =
  | SecretMethod
  | { readonly kind: 'key-file'; readonly path: string }
  | { readonly kind: 'jwks'; readonly url: URL };

const secretAlgorithms = ['HS256', 'HS384', 'HS512'];

/** How long the key set's server may take to answer. */
const fetchTimeoutMilliseconds = 5_000;
/** An unknown key id has the key set fetched at most this often: keys rotate, but callers may invent key ids. */
const fetchCooldownMilliseconds = 10_000;
/** How long no fetch follows one that has failed. */
const failureCooldownMilliseconds = 5_000;
/** The age at which a key set is fetched again in any case, so that a withdrawn key stops being valid. */
const keySetMaxAgeMilliseconds = 300_000;

/** The key set could not be fetched a moment ago, and is not fetched again yet. */
export class JwksCooldownError extends Error {
  override readonly name = 'JwksCooldownError';
}

/**
 * Opens the key of a method, or rejects with a UsageError. The key of a key set rejects with JwksCooldownError for a
 * while after a failed fetch. `now` is in milliseconds since 1970.
 */
export async function openKey(method: IdentityMethod, now: () => number): Promise<VerificationKey> {
  switch (method.kind) {
    case 'secret':
    case 'secret-file': {
      const secret = await openSecret(method);
      return { algorithms: secretAlgorithms, resolve: () => secret };
    }
    case 'key-file':
      return readPublicKey(
        withoutByteOrderMark((await readBytes(method.path, 'key')).toString('utf8')),
        method.path,
      );
    case 'jwks':
      return { algorithms: asymmetricAlgorithms, ...remoteKeySet(method.url, now) };
  }
}

/** The secret, without the final newline of a file. Rejects with a UsageError where it is missing or too short. */
export async function openSecret(method: SecretMethod): Promise<Uint8Array> {
  if (method.kind === 'secret') return checkSecret(method.secret, 'The secret');
  const bytes = await readBytes(method.path, 'secret');
  const end = bytes.at(-1) !== 0x0a ? bytes.length : bytes.at(-2) === 0x0d ? -2 : -1;
  return checkSecret(bytes.subarray(0, end), `The secret in ${method.path}`);
}

function remoteKeySet(url: URL, now: () => number): Omit<VerificationKey, 'algorithms'> {
  let fetches = 0;
  let lastFetchAt = Number.NEGATIVE_INFINITY;
  // jose keeps a key set, but where it has none, it fetches one for every token.
  const fetchWithCooldown: FetchImplementation = async (...request) => {
    fetches += 1;
    const elapsed = now() - lastFetchAt;
    // So soon after the last fetch, that one has failed. A clock that was set back delays nothing.
    if (elapsed >= 0 && elapsed < failureCooldownMilliseconds)
      throw new JwksCooldownError(`The key set could not be fetched ${elapsed} ms ago.`);
    try {
      return await fetch(...request);
    } finally {
      // Also where the server never answers: the cooldown begins when the waiting ends.
      lastFetchAt = now();
    }
  };
  const resolve = createRemoteJWKSet(url, {
    timeoutDuration: fetchTimeoutMilliseconds,
    cooldownDuration: fetchCooldownMilliseconds,
    cacheMaxAge: keySetMaxAgeMilliseconds,
    [customFetch]: fetchWithCooldown,
  });
  return { resolve, keysVersion: () => fetches };
}

async function readBytes(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw new UsageError([`The ${what} file ${path} cannot be read: ${messageOf(thrown)}.`]);
  }
}
