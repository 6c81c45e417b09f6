/** A caller's access to a topology, computed once per topology. */
import { setBounded } from '../lib/bounded-map.ts';
import type { Topology } from '../snapshot/topology.ts';
import { Access } from './access.ts';
import type { Caller } from './caller.ts';

/** Computes a caller's access to what exists. */
export type AccessTo = (caller: Caller, topology: Topology) => Access;

/** The number of partitions whose access is kept per topology. */
const partitionsKept = 64;

const kept = new WeakMap<Topology, Map<bigint, (Access | undefined)[]>>();

/**
 * The access of a caller to a topology: the same object for the same partition and privileges, while it is kept. It
 * is therefore a key for what depends on rights over a topology.
 */
export function accessOf(caller: Caller, topology: Topology): Access {
  let byPartition = kept.get(topology);
  if (byPartition === undefined)
    kept.set(topology, (byPartition = new Map<bigint, (Access | undefined)[]>()));
  const { partitionId } = caller;
  let byPrivileges = byPartition.get(partitionId);
  if (byPrivileges === undefined) {
    byPrivileges = [];
    setBounded(byPartition, { key: partitionId, value: byPrivileges, limit: partitionsKept });
  }
  return (byPrivileges[numberOf(caller)] ??= new Access(caller, topology));
}

/** The privileges as the bits of a number. */
function numberOf({ privileges }: Caller): number {
  return (privileges.has('ACCESS_STATS') ? 1 : 0) + (privileges.has('ACCESS_STATS_MSR') ? 2 : 0);
}
