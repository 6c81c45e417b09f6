/** A token of the root partition that is valid for one run. */
import { allPrivileges } from '../../src/access/caller.ts';
import { signToken } from '../../src/server/auth/token.ts';

const lifetimeMilliseconds = 12 * 3_600_000;

/** Signs it with the secret that the services are given. */
export function rootToken(secret: string): Promise<string> {
  return sign(secret, { partitionId: 1n });
}

/** The same for the root of every host of a fleet. */
export function fleetToken(secret: string): Promise<string> {
  return sign(secret, { partitionId: 'root', hosts: '*' });
}

function sign(
  secret: string,
  { partitionId, hosts }: { readonly partitionId: 1n | 'root'; readonly hosts?: '*' },
): Promise<string> {
  const issuedAt = Date.now();
  return signToken(
    {
      caller: { partitionId, privileges: new Set(allPrivileges) },
      ...(hosts === undefined ? {} : { hosts }),
      issuedAt,
      expiresAt: issuedAt + lifetimeMilliseconds,
      issuer: null,
      audience: null,
    },
    new TextEncoder().encode(secret),
  );
}
