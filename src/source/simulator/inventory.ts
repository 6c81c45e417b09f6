/** What exists on the simulated host, from one change to the next. */
import type { ObjectName } from '../../snapshot/object-name.ts';
import { topologyOf, type PartitionEntry, type Topology } from '../../snapshot/topology.ts';
import { namesOf } from '../host-snapshot.ts';
import type { Guest } from './guest.ts';

/** The objects that exist, in the forms in which they are asked for. */
export interface Inventory {
  readonly topology: Topology;
  /** In the order of `namesOf`. */
  readonly objects: readonly ObjectName[];
  /** By partition id. Who they are; what they do goes on without this. */
  readonly guests: ReadonlyMap<bigint, Guest>;
}

/** Takes stock of these partitions and logical processors. */
export function takeInventory(
  guests: readonly (Guest | null)[],
  logicalProcessors: readonly number[],
): Inventory {
  const present = guests.filter((guest) => guest !== null);
  const topology = topologyOf(logicalProcessors, present.map(entryOf));
  return {
    topology,
    objects: namesOf(topology),
    guests: new Map(present.map((guest) => [BigInt(guest.lifetime.id), guest])),
  };
}

function entryOf({ lifetime, from, before }: Guest): PartitionEntry {
  return {
    id: BigInt(lifetime.id),
    parent: lifetime.parent === null ? null : BigInt(lifetime.parent),
    name: lifetime.name,
    virtualProcessors: Array.from({ length: before - from }, (_, index) => index),
  };
}
