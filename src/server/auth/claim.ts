/** The claims of a verified token that say which partition asks, and with which privileges. */
import type { JWTPayload } from 'jose';
import { allPrivileges, type Caller, type Privilege } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/partition-id.ts';

/** The claim with the caller's partition id, a decimal string. */
export const partitionClaim = 'hv_partition';
/** The claim with the names of the caller's privileges; without it the caller has all. */
export const privilegesClaim = 'hv_privileges';

/** The caller that verified claims name. Throws UNAUTHENTICATED where they do not say it as api.md has it. */
export function readCaller(claims: JWTPayload): Caller {
  return {
    partitionId: readPartitionId(claims[partitionClaim]),
    privileges: readPrivileges(claims[privilegesClaim]),
  };
}

function readPartitionId(claim: unknown): bigint {
  const needed = `the caller's partition id as a decimal string, such as "5"`;
  if (claim === undefined) throw refused(`The token lacks the claim ${partitionClaim}: needed is ${needed}`);
  const id = typeof claim === 'string' ? parsePartitionId(claim) : null;
  if (id === null)
    throw refused(`The token's claim ${partitionClaim} is ${show(claim)}: needed is ${needed}`);
  return id;
}

function readPrivileges(claim: unknown): ReadonlySet<Privilege> {
  if (claim === undefined) return new Set(allPrivileges);
  const needed = `needed is an array of ${allPrivileges.join(' and ')}, which may be empty`;
  if (!Array.isArray(claim))
    throw refused(`The token's claim ${privilegesClaim} is ${show(claim)}: ${needed}`);
  const names: readonly unknown[] = claim;
  return new Set(
    names.map((name) => {
      const known = allPrivileges.find((privilege) => privilege === name);
      if (known === undefined) {
        throw refused(`The token's claim ${privilegesClaim} holds ${show(name)}: ${needed}`);
      }
      return known;
    }),
  );
}

function show(claim: unknown): string {
  const text = JSON.stringify(claim);
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

function refused(problem: string): HvqlError {
  return new HvqlError('UNAUTHENTICATED', `${problem}.`);
}
