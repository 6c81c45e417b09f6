/** Development mode: an identity for trying things out on one's own machine, with nothing configured. */
import { allPrivileges } from '../../access/caller.ts';
import { UsageError } from '../../errors.ts';
import { openIdentity, type Identity, type IdentityWorld } from './identity.ts';
import { isLoopback } from './loopback.ts';
import { signToken } from './token.ts';

/** An identity that makes tokens as well. */
export interface DevelopmentIdentity extends Identity {
  /** A token for a partition with all privileges, good for as long as this identity lives. */
  sign(partitionId: bigint): Promise<string>;
}

/** What a development identity is made of. */
export interface DevelopmentWorld extends IdentityWorld {
  /** The host that the service binds to. */
  readonly host: string;
  /** Random bytes for the secret. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * Makes a secret that nobody else knows and that dies with the process. Rejects with a UsageError on a host that others
 * can reach, since whoever opens the page of GraphiQL is given a token of the root.
 */
export async function developmentIdentity(world: DevelopmentWorld): Promise<DevelopmentIdentity> {
  const problem = developmentProblem(world.host);
  if (problem !== null) throw new UsageError([problem]);
  const secret = world.randomBytes(32);
  const unchecked = { issuer: null, audience: null };
  const identity = await openIdentity({ method: { kind: 'secret', secret }, ...unchecked }, world);
  return {
    identify: (authorization, connection) => identity.identify(authorization, connection),
    sign: (partitionId) => {
      const caller = { partitionId, privileges: new Set(allPrivileges) };
      return signToken({ caller, issuedAt: world.now(), expiresAt: null, ...unchecked }, secret);
    },
  };
}

/** Why there can be no development mode on a host, or null where there can. */
export function developmentProblem(host: string): string | null {
  if (isLoopback(host)) return null;
  return (
    `--host ${host} can be reached from elsewhere, so it must be known who asks: give one of --jwt-secret-file, ` +
    '--jwt-key-file and --jwks-url (or HVQL_JWT_SECRET), or --tls-client-ca, or a loopback host such as 127.0.0.1.'
  );
}
