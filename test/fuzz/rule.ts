/** Who may read what, written independently from the promises to people outside ("Access"), for judging the service by. */
import type { Privilege } from '../../src/access/caller.ts';
import type { LocalCaller } from '../../src/access/caller.ts';
import type { PartitionEntry } from '../../src/snapshot/topology.ts';

/** The caller, and the partitions. */
export interface Situation {
  readonly caller: LocalCaller;
  readonly partitions: readonly PartitionEntry[];
}

/** Root is the partition without a parent. */
export function isRootCaller({ caller, partitions }: Situation): boolean {
  return partitions.some(({ id, parent }) => id === caller.partitionId && parent === null);
}

/** The code and reason for which the hypervisor and its logical processors are denied; null where they are not. */
export function globalFault(situation: Situation): string | null {
  if (!isRootCaller(situation)) return 'ACCESS_DENIED NOT_ROOT';
  return has(situation, 'ACCESS_STATS') ? null : 'ACCESS_DENIED NO_PRIVILEGE';
}

/** The code and reason for which a partition and its virtual processors are denied; null if they are not. */
export function partitionFault(situation: Situation, id: bigint): string | null {
  const partition = situation.partitions.find((each) => each.id === id);
  // Only the root may know what does not exist.
  if (partition === undefined)
    return isRootCaller(situation) ? 'INVALID_PARTITION_ID' : 'ACCESS_DENIED NOT_SELF_OR_PARENT';
  const isSelf = partition.id === situation.caller.partitionId;
  const isParent = partition.parent === situation.caller.partitionId;
  if (isSelf && has(situation, 'ACCESS_STATS_MSR')) return null;
  if (isParent && has(situation, 'ACCESS_STATS')) return null;
  return isSelf || isParent ? 'ACCESS_DENIED NO_PRIVILEGE' : 'ACCESS_DENIED NOT_SELF_OR_PARENT';
}

function has({ caller }: Situation, privilege: Privilege): boolean {
  return caller.privileges.has(privilege);
}
