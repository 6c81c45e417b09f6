/** Opens the keys that verify tokens. */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { messageOf, UsageError } from '../../errors.ts';
import { withoutByteOrderMark } from '../../lib/json.ts';
import { keyId, readPublicKey, type VerificationKey } from './public-key.ts';
import { RemoteKeySet, type KeySetTimes } from './remote-key-set.ts';
import { checkSecret } from './secret.ts';

/** A shared secret, which both signs and verifies tokens. */
export type SecretMethod =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'secret-file'; readonly path: string };

/** Where the key comes from. */
export type IdentityMethod =
  | SecretMethod
  | { readonly kind: 'key-file'; readonly path: string }
  | { readonly kind: 'jwks'; readonly url: URL };

const secretAlgorithms = ['HS256', 'HS384', 'HS512'];

/** The keys that verify tokens. They may be replaced while the service runs. */
export interface VerificationKeys {
  readonly current: VerificationKey;
  /** Reads or fetches the keys again. If they cannot be used, it rejects with a UsageError and keeps the current ones. */
  renew(): Promise<void>;
  close(): void;
}

/** Opens the keys of a method, or rejects with a UsageError. Calls `onChange` when a key that was valid is withdrawn. */
export async function openKeys(
  method: IdentityMethod,
  options: { readonly log: Logger; readonly onChange: () => void; readonly times?: Partial<KeySetTimes> },
): Promise<VerificationKeys> {
  if (method.kind === 'jwks') return new RemoteKeySet(method.url, options);
  let current = await readKey(method);
  return {
    get current() {
      return current;
    },
    renew: async () => {
      const next = await readKey(method);
      const before = current;
      current = next;
      if ([...before.ids].some((id) => !next.ids.has(id))) options.onChange();
    },
    close: () => undefined,
  };
}

async function readKey(method: Exclude<IdentityMethod, { kind: 'jwks' }>): Promise<VerificationKey> {
  if (method.kind === 'key-file') {
    const text = (await readBytes(method.path, 'key')).toString('utf8');
    return readPublicKey(withoutByteOrderMark(text), method.path);
  }
  const secret = await openSecret(method);
  return { algorithms: secretAlgorithms, resolve: () => secret, ids: new Set([keyId(secret)]) };
}

/** Returns the secret, without the final newline of a file. Rejects with a UsageError if it is missing or too short. */
export async function openSecret(method: SecretMethod): Promise<Uint8Array> {
  if (method.kind === 'secret') return checkSecret(method.secret, 'The secret');
  const bytes = await readBytes(method.path, 'secret');
  const end = bytes.at(-1) !== 0x0a ? bytes.length : bytes.at(-2) === 0x0d ? -2 : -1;
  return checkSecret(bytes.subarray(0, end), `The secret in ${method.path}`);
}

async function readBytes(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw new UsageError([`The ${what} file ${path} cannot be read: ${messageOf(thrown)}.`]);
  }
}
