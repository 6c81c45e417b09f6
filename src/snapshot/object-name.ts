/** The names of the objects of a hypervisor: their kind and numbers, and their place in a page folder. */
import { maxUInt64 } from '../catalogue/counter.ts';
import type { StatisticsObject } from '../catalogue/group.ts';

/** The name of an object with statistics: its kind, and its id among the objects of this kind. */
export type ObjectName = HypervisorName | LogicalProcessorName | PartitionName | VirtualProcessorName;

/** What a name may request in addition to the counters of its object. */
interface WithUnlisted {
  /** Whether to read also what the source reports by name and the catalogue has no row for. */
  readonly unlisted?: true;
}

/** The name of the hypervisor, of which there is one. */
export interface HypervisorName extends WithUnlisted {
  readonly object: 'HYPERVISOR';
}

/** The name of a logical processor: its index in the hypervisor. */
export interface LogicalProcessorName extends WithUnlisted {
  readonly object: 'LOGICAL_PROCESSOR';
  readonly index: number;
}

export const statisticsAreas = ['SELF', 'PARENT'] as const;
/**
 * The statistics that a partition itself is shown, and those that its parent is shown (hv_stats_area_type in Linux,
 * include/hyperv/hvhdk.h). Global objects have no areas.
 */
export type StatisticsArea = (typeof statisticsAreas)[number];

/** The name of a partition. Ids are u64, so neither a number nor an index. */
export interface PartitionName extends WithUnlisted {
  readonly object: 'PARTITION';
  readonly partitionId: bigint;
  /** Set if the area of the partition itself is read; left out for the area of its parent. */
  readonly area?: 'SELF';
}

/** The name of a virtual processor: its partition, and its index there. */
export interface VirtualProcessorName extends WithUnlisted {
  readonly object: 'VIRTUAL_PROCESSOR';
  readonly partitionId: bigint;
  readonly index: number;
  readonly area?: 'SELF';
}

/** The name of the hypervisor, of which there is one. */
export const hypervisorName: HypervisorName = { object: 'HYPERVISOR' };

/** The object's key, unique among all objects: its folder in a page folder, '' for the hypervisor. */
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

/**
 * The key of what is read under a name: object, area and whether unlisted counters are included. Computed once per
 * name.
 */
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

/**
 * The name that also requests the unlisted counters of the same object. The same object for the same name each time.
 */
export function withUnlisted<Name extends ObjectName>(name: Name): Name {
  let wider = namesWithUnlisted.get(name) as Name | undefined;
  if (wider === undefined) namesWithUnlisted.set(name, (wider = { ...name, unlisted: true }));
  return wider;
}

/** The area that a name requests; null for a global object. */
export function areaOf(name: ObjectName): StatisticsArea | null {
  if (name.object === 'HYPERVISOR' || name.object === 'LOGICAL_PROCESSOR') return null;
  return name.area ?? 'PARENT';
}

/** The object in words: "virtual processor 0 of partition 5". */
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

/** The kind of object in words. */
export const objectTitle: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'hypervisor',
  LOGICAL_PROCESSOR: 'logical processor',
  PARTITION: 'partition',
  VIRTUAL_PROCESSOR: 'virtual processor',
};

const places = new WeakMap<ObjectName, string>();

/**
 * The path of the page of an object in a page folder: "lp/0/stats.page". Computed once per name. For any area the
 * name requests, this is the page of the area PARENT, or the only one, unless SELF is given here.
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

/** The partition id in a text; null if it is not a decimal u64 without leading zeros and not 0 (TLFS 2.0a 5.2.1). */
export function parsePartitionId(text: string): bigint | null {
  if (!/^[1-9]\d{0,19}$/.test(text)) return null;
  const id = BigInt(text);
  return id <= maxUInt64 ? id : null;
}
