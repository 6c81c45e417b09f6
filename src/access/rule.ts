/** Who may read what (TLFS 2.0a 21.1.1 and 21.3). All access decisions are made here. */
import type { ObjectName, StatisticsArea } from '../snapshot/object-name.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Caller, LocalCaller } from './caller.ts';
import { HvqlError } from '../errors.ts';

/**
 * NOT_ROOT: the object is global. NOT_SELF_OR_PARENT: the object is local to another partition, or does not exist.
 * NO_PRIVILEGE: the caller is the right partition, but lacks the privilege.
 */
export type DenialReason = 'NOT_ROOT' | 'NOT_SELF_OR_PARENT' | 'NO_PRIVILEGE';

/** HV_PARTITION_ID_INVALID (TLFS 2.0a): the id of no partition. */
const noPartitionId = 0n;

/** The caller in this topology. If no partition is the root there, a caller "root" may read nothing. */
export function localCaller(caller: Caller, { partitions }: Topology): LocalCaller {
  if (isLocal(caller)) return caller;
  const { privileges } = caller;
  return { partitionId: partitions.find(({ parent }) => parent === null)?.id ?? noPartitionId, privileges };
}

function isLocal(caller: Caller): caller is LocalCaller {
  return caller.partitionId !== 'root';
}

/** Root is the partition without a parent. */
export function isRoot(caller: LocalCaller, topology: Topology): boolean {
  return topology.partition(caller.partitionId)?.parent === null;
}

/** The area of a partition that the caller may read, if any: SELF for itself, PARENT for its parent. */
export function areaFor(caller: LocalCaller, partitionId: bigint): StatisticsArea {
  return caller.partitionId === partitionId ? 'SELF' : 'PARENT';
}

/** Why the caller may not read the object; null if it may. */
export function denialOf(
  object: ObjectName,
  asked: { caller: LocalCaller; topology: Topology },
): DenialReason | null {
  const { caller, topology } = asked;
  const isGlobal = object.object === 'HYPERVISOR' || object.object === 'LOGICAL_PROCESSOR';
  if (isGlobal) {
    if (!isRoot(caller, topology)) return 'NOT_ROOT';
    return caller.privileges.has('ACCESS_STATS') ? null : 'NO_PRIVILEGE';
  }
  const partition = topology.partition(object.partitionId);
  if (partition === undefined) return 'NOT_SELF_OR_PARENT';
  const isSelf = partition.id === caller.partitionId;
  const isParent = partition.parent === caller.partitionId;
  if (isSelf && caller.privileges.has('ACCESS_STATS_MSR')) return null;
  if (isParent && caller.privileges.has('ACCESS_STATS')) return null;
  return isSelf || isParent ? 'NO_PRIVILEGE' : 'NOT_SELF_OR_PARENT';
}

/** The object of a read, or all logical processors at once. */
export type DeniedObject = ObjectName | { readonly object: 'LOGICAL_PROCESSOR'; readonly index: 'all' };

/**
 * The client gets the fields of any HvqlError. The object is for the audit, and no text of the error contains it.
 */
export class AccessDenied extends HvqlError {
  readonly #object: DeniedObject;

  constructor(message: string, denial: { readonly object: DeniedObject; readonly reason: DenialReason }) {
    super('ACCESS_DENIED', message, { reason: denial.reason });
    this.#object = denial.object;
  }

  get object(): DeniedObject {
    return this.#object;
  }
}
