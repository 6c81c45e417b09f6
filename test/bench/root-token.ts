/** A token of the root partition for as long as a run takes. */
import { allPrivileges } from '../../src/access/caller.ts';
import { signToken } from '../../src/server/auth/token.ts';

const lifetimeMilliseconds = 12 * 3_600_000;

/** Signs it with the secret that the services are given. */
export function rootToken(secret: string): Promise<string> {
  const issuedAt = Date.now();
  return signToken(
    {
      caller: { partitionId: 1n, privileges: new Set(allPrivileges) },
      issuedAt,
      expiresAt: issuedAt + lifetimeMilliseconds,
      issuer: null,
      audience: null,
    },
    new TextEncoder().encode(secret),
  );
}
