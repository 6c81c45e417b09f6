/**
 * The statistics groups with published counters (TLFS 2.0a 21.1.4; PV from WDK 7.1, hvgdk.h), and the releases of the
 * hypervisor. The groups of HVV are from the Linux driver, which leaves out slot 9 as it leaves out the slots of the
 * headers of PV and VPV.
 */

/** The release of the public page, by its date, and the newest one that the Linux driver knows. */
export const releases = [2013, 2026] as const;
export type Release = (typeof releases)[number];

/**
 * Minor version of the groups in each release. That a newer release appends counters and has a higher one is
 * documented (MSDN 2013, Statistics Group Compatibility), but not which one. So any version above 0 counts as the
 * newest.
 */
export const versionMinorOf: Readonly<Record<Release, number>> = { 2013: 0, 2026: 1 };

/** The newest release whose counters a group of this minor version has, as far as its length allows. */
export function releaseOfVersion(versionMinor: number): Release {
  return versionMinor < versionMinorOf[2026] ? 2013 : 2026;
}

export const statisticsObjects = [
  'HYPERVISOR',
  'LOGICAL_PROCESSOR',
  'PARTITION',
  'VIRTUAL_PROCESSOR',
] as const;
/** The four kinds of object that have statistics. */
export type StatisticsObject = (typeof statisticsObjects)[number];

export type CounterOrigin = 'ARCHITECTURAL' | 'RELEASE_SPECIFIC';
/** GLOBAL: for the root partition only. LOCAL: for the partition itself and its parent. */
export type AccessClass = 'GLOBAL' | 'LOCAL';
export type GroupName = 'HCA' | 'HVV' | 'LPA' | 'PA' | 'PV' | 'VPA' | 'VPV';

/** A group's identity in a page. `id` is unique only among the groups of one kind of object. */
export interface StatisticsGroup {
  readonly name: GroupName;
  readonly id: number;
  readonly versionMajor: number;
  /** The first version with published counters. */
  readonly versionMinor: number;
  readonly object: StatisticsObject;
  readonly origin: CounterOrigin;
  readonly access: AccessClass;
}

const version = { versionMajor: 1, versionMinor: versionMinorOf[2013] } as const;

// prettier-ignore
export const statisticsGroups: Readonly<Record<GroupName, StatisticsGroup>> = {
  HCA: { name: 'HCA', id: 2, ...version, object: 'HYPERVISOR', origin: 'ARCHITECTURAL', access: 'GLOBAL' },
  HVV: { name: 'HVV', id: 3, versionMajor: 1, versionMinor: versionMinorOf[2026], object: 'HYPERVISOR', origin: 'RELEASE_SPECIFIC', access: 'GLOBAL' },
  LPA: { name: 'LPA', id: 2, ...version, object: 'LOGICAL_PROCESSOR', origin: 'ARCHITECTURAL', access: 'GLOBAL' },
  PA: { name: 'PA', id: 2, ...version, object: 'PARTITION', origin: 'ARCHITECTURAL', access: 'LOCAL' },
  PV: { name: 'PV', id: 3, ...version, object: 'PARTITION', origin: 'RELEASE_SPECIFIC', access: 'LOCAL' },
  VPA: { name: 'VPA', id: 2, ...version, object: 'VIRTUAL_PROCESSOR', origin: 'ARCHITECTURAL', access: 'LOCAL' },
  VPV: { name: 'VPV', id: 3, ...version, object: 'VIRTUAL_PROCESSOR', origin: 'RELEASE_SPECIFIC', access: 'LOCAL' },
};

/** The groups of one kind of object, in ascending id. */
export function groupsOf(object: StatisticsObject): readonly StatisticsGroup[] {
  return Object.values(statisticsGroups).filter((group) => group.object === object);
}
