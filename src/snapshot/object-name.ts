/** The names of what a hypervisor has: an object's kind and numbers, and its place in a page folder. */
import type { StatisticsObject } from '../catalogue/group.ts';

/** The name of anything that has statistics: its kind, and what tells it from others of its kind. */
export type ObjectName = HypervisorName | LogicalProcessorName | PartitionName | VirtualProcessorName;

/** The name of the hypervisor, of which there is one. */
export interface HypervisorName {
  readonly object: 'HYPERVISOR';
}

/** The name of a logical processor: the index that the hypervisor knows it by. */
export interface LogicalProcessorName {
  readonly object: 'LOGICAL_PROCESSOR';
  readonly index: number;
}

/** The name of a partition. Ids are u64, so neither a number nor an index. */
export interface PartitionName {
  readonly object: 'PARTITION';
  readonly partitionId: bigint;
}

/** The name of a virtual processor: its partition, and its index there. */
export interface VirtualProcessorName {
  readonly object: 'VIRTUAL_PROCESSOR';
  readonly partitionId: bigint;
  readonly index: number;
}

/** The hypervisor's name; there is one. */
export const hypervisorName: HypervisorName = { object: 'HYPERVISOR' };

/** The object's key, unique among all objects: its folder in the tree of pages, '' for the hypervisor. */
export function objectKey(name: ObjectName): string {
  switch (name.object) {
    case 'HYPERVISOR':
      return '';
    case 'LOGICAL_PROCESSOR':
      return `lp/${name.index}`;
    case 'PARTITION':
      return `partition/${name.partitionId}`;
    case 'VIRTUAL_PROCESSOR':
      return `partition/${name.partitionId}/vp/${name.index}`;
  }
}

const keys = new WeakMap<ObjectName, string>();

/** The object's key, as `objectKey` makes it, but once a name: for names that are met again and again. */
export function keptKey(name: ObjectName): string {
  let key = keys.get(name);
  if (key === undefined) keys.set(name, (key = objectKey(name)));
  return key;
}

/** The object as a person says it: "virtual processor 0 of partition 5". */
export function describeObject(name: ObjectName): string {
  switch (name.object) {
    case 'HYPERVISOR':
      return 'the hypervisor';
    case 'LOGICAL_PROCESSOR':
      return `logical processor ${name.index}`;
    case 'PARTITION':
      return `partition ${name.partitionId}`;
    case 'VIRTUAL_PROCESSOR':
      return `virtual processor ${name.index} of partition ${name.partitionId}`;
  }
}

/** The kind of object as a person says it. */
export const objectTitle: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'hypervisor',
  LOGICAL_PROCESSOR: 'logical processor',
  PARTITION: 'partition',
  VIRTUAL_PROCESSOR: 'virtual processor',
};

const places = new WeakMap<ObjectName, string>();

/** Where the object's page stands in a tree of pages: "lp/0/stats.page". Made once a name. */
export function pagePlace(name: ObjectName): string {
  let place = places.get(name);
  if (place === undefined) {
    const key = keptKey(name);
    places.set(name, (place = key === '' ? 'stats.page' : `${key}/stats.page`));
  }
  return place;
}
