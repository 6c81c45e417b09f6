/** Development mode: an identity without configuration, for trying things out on one's own machine. */
import { allPrivileges } from '../../access/caller.ts';
import { UsageError } from '../../errors.ts';
import { developmentProblem } from './host.ts';
import { openIdentity, type Identity, type IdentityWorld } from './identity.ts';
import { signToken } from './token.ts';

/** An identity that makes tokens as well. */
export interface DevelopmentIdentity extends Identity {
  /** A token for a partition with all privileges, valid for as long as the secret. */
  sign(partitionId: bigint): Promise<string>;
}

/**
 * An identity over a secret. Rejects with a UsageError where others can reach the host, since everyone who opens the
 * page of GraphiQL gets a token of the root partition.
 */
export async function developmentIdentity({
  host,
  secret,
  ...world
}: IdentityWorld & { readonly host: string; readonly secret: Uint8Array }): Promise<DevelopmentIdentity> {
  const problem = developmentProblem(host);
  if (problem !== null) throw new UsageError([problem]);
  const unchecked = { issuer: null, audience: null };
  const identity = await openIdentity({ method: { kind: 'secret', secret }, ...unchecked }, world);
  return {
    ...identity,
    sign: (partitionId) => {
      const caller = { partitionId, privileges: new Set(allPrivileges) };
      return signToken({ caller, issuedAt: world.now(), expiresAt: null, ...unchecked }, secret);
    },
  };
}
