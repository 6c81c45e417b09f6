/** Shared secrets of tokens. A separate file, so that reading settings does not load the libraries for tokens. */
import { UsageError } from '../../errors.ts';

/** HMAC with SHA-256 needs a key of 256 bits or more (RFC 7518, 3.2). */
const shortestSecretInBytes = 32;

/** Returns the secret, or throws a UsageError that names its `place` if it is too short. */
export function checkSecret(secret: Uint8Array, place: string): Uint8Array {
  if (secret.length >= shortestSecretInBytes) return secret;
  const there = secret.length === 0 ? 'it is empty' : `it has ${secret.length}`;
  throw new UsageError([
    `${place} needs ${shortestSecretInBytes} bytes or more (RFC 7518, 3.2), but ${there}. ` +
      `"openssl rand -base64 48" generates one.`,
  ]);
}
