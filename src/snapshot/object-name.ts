/** The names of what a hypervisor has: an object's kind and numbers, and its place in a page folder. */
import { maxUInt64 } from '../catalogue/counter.ts';
import type { StatisticsObject } from '../catalogue/group.ts';

/** The name of anything that has statistics: its kind, and what tells it from others of its kind. */
export type ObjectName = HypervisorName | LogicalProcessorName | PartitionName | VirtualProcessorName;

/** What a name may ask for beside the counters of its object. */
interface AskedBeside {
  /** Whether what the source reports by name and the catalogue has no row for is to be read as well. */
  readonly unlisted?: true;
}

/** The name of the hypervisor, of which there is one. */
export interface HypervisorName extends AskedBeside {
  readonly object: 'HYPERVISOR';
}

/** The name of a logical processor: the index that the hypervisor knows it by. */
export interface LogicalProcessorName extends AskedBeside {
  readonly object: 'LOGICAL_PROCESSOR';
  readonly index: number;
}

export const statisticsAreas = ['SELF', 'PARENT'] as const;
/**
 * What a partition itself is shown of its statistics, and what its parent is (hv_stats_area_type in Linux,
 * include/hyperv/hvhdk.h). Global objects have no areas.
 */
export type StatisticsArea = (typeof statisticsAreas)[number];

/** The name of a partition. Ids are u64, so neither a number nor an index. */
export interface PartitionName extends AskedBeside {
  readonly object: 'PARTITION';
  readonly partitionId: bigint;
  /** Where it is read as the partition itself is shown it; as its parent is, without it. */
  readonly area?: 'SELF';
}

/** The name of a virtual processor: its partition, and its index there. */
export interface VirtualProcessorName extends AskedBeside {
  readonly object: 'VIRTUAL_PROCESSOR';
  readonly partitionId: bigint;
  readonly index: number;
  readonly area?: 'SELF';
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

/** The key of what is read under a name: that of the object, of its area and of what is asked beside. Made once a name. */
export function readingKey(name: ObjectName): string {
  let key = keys.get(name);
  if (key === undefined) {
    key = areaOf(name) === 'SELF' ? `${objectKey(name)} SELF` : objectKey(name);
    if (name.unlisted === true) key = `${key} unlisted`;
    keys.set(name, key);
  }
  return key;
}

const namesWithUnlisted = new WeakMap<ObjectName, ObjectName>();

/** The name that asks for what is unlisted of the same object as well: the very same for the same name each time. */
export function withUnlisted<Name extends ObjectName>(name: Name): Name {
  let wider = namesWithUnlisted.get(name) as Name | undefined;
  if (wider === undefined) namesWithUnlisted.set(name, (wider = { ...name, unlisted: true }));
  return wider;
}

/** The area that a name asks for; null for a global object, which has none. */
export function areaOf(name: ObjectName): StatisticsArea | null {
  if (name.object === 'HYPERVISOR' || name.object === 'LOGICAL_PROCESSOR') return null;
  return name.area ?? 'PARENT';
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

/**
 * Where the object's page stands in a tree of pages: "lp/0/stats.page". Made once a name. Whatever area the name asks
 * for, this is the page of the area PARENT, or the only one, unless SELF is said here.
 */
export function pagePlace(name: ObjectName, area?: StatisticsArea | null): string {
  if (area === 'SELF') return `${objectKey(name)}/stats.self.page`;
  let place = places.get(name);
  if (place === undefined) {
    const key = objectKey(name);
    places.set(name, (place = key === '' ? 'stats.page' : `${key}/stats.page`));
  }
  return place;
}

/** The partition id in a text, or null: a decimal u64, not 0 (TLFS 2.0a 5.2.1), without leading zeros. */
export function parsePartitionId(text: string): bigint | null {
  if (!/^[1-9]\d{0,19}$/.test(text)) return null;
  const id = BigInt(text);
  return id <= maxUInt64 ? id : null;
}
