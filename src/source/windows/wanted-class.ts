/** Which raw performance classes describe which objects, and which of their properties are requested. */
import { countersOf } from '../../catalogue/catalogue.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import { rootPartitionId } from './instance-name.ts';

/** The classes of the namespace root\cimv2 with the counters of Hyper-V's hypervisor. */
export const performanceClasses = {
  hypervisor: 'Win32_PerfRawData_HvStats_HyperVHypervisor',
  logicalProcessor: 'Win32_PerfRawData_HvStats_HyperVHypervisorLogicalProcessor',
  rootPartition: 'Win32_PerfRawData_HvStats_HyperVHypervisorRootPartition',
  partition: 'Win32_PerfRawData_HvStats_HyperVHypervisorPartition',
  rootVirtualProcessor: 'Win32_PerfRawData_HvStats_HyperVHypervisorRootVirtualProcessor',
  virtualProcessor: 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor',
} as const;

/** The name of such a class. */
export type PerformanceClass = (typeof performanceClasses)[keyof typeof performanceClasses];

/** What a sample reads: properties by class. */
export type Wanted = ReadonlyMap<PerformanceClass, readonly string[]>;

/** Requests all other properties of the class that are numbers, except clocks and bases. */
export const everyNumber = '*';

/** The property with the number of a partition's virtual processors, which distinguishes virtual machines of one name. */
export const processorCount = 'VirtualProcessors';

const classObjects = [
  [performanceClasses.hypervisor, 'HYPERVISOR'],
  [performanceClasses.logicalProcessor, 'LOGICAL_PROCESSOR'],
  [performanceClasses.rootPartition, 'PARTITION'],
  [performanceClasses.partition, 'PARTITION'],
  [performanceClasses.rootVirtualProcessor, 'VIRTUAL_PROCESSOR'],
  [performanceClasses.virtualProcessor, 'VIRTUAL_PROCESSOR'],
] as const satisfies readonly (readonly [PerformanceClass, StatisticsObject])[];

/**
 * Of each class the property of every counter that Windows reports, and the base of each percentage. Bases of costs are
 * not requested: they count operations, which have counters of their own.
 */
const allOf: Wanted = new Map(
  classObjects.map(([name, object]) => [
    name,
    countersOf(object).flatMap(({ kind, windows }) => windows.slice(0, kind === 'TIME' ? 2 : 1)),
  ]),
);

/** The classes whose instances are the objects of the topology. */
export const wantedForTopology: Wanted = new Map<PerformanceClass, readonly string[]>([
  [performanceClasses.logicalProcessor, []],
  [performanceClasses.partition, [processorCount]],
  [performanceClasses.rootVirtualProcessor, []],
  [performanceClasses.virtualProcessor, []],
]);

/** The classes to read for these objects; for an empty list the smallest class, because it has the time. */
export function wantedFor(objects: readonly ObjectName[]): Wanted {
  const names = new Set(objects.map(classOf));
  const withUnlisted = new Set(objects.filter((object) => object.unlisted === true).map(classOf));
  const wanted = new Map<PerformanceClass, readonly string[]>();
  for (const name of names) {
    const properties = allOf.get(name) ?? [];
    wanted.set(name, withUnlisted.has(name) ? [...properties, everyNumber] : properties);
  }
  // The names of its instances contain the partition of each virtual processor.
  if (names.has(performanceClasses.virtualProcessor) && !names.has(performanceClasses.partition)) {
    wanted.set(performanceClasses.partition, [processorCount]);
  }
  if (wanted.size === 0) wanted.set(performanceClasses.hypervisor, []);
  return wanted;
}

/** The class with the counters of an object. */
export function classOf(name: ObjectName): PerformanceClass {
  switch (name.object) {
    case 'HYPERVISOR':
      return performanceClasses.hypervisor;
    case 'LOGICAL_PROCESSOR':
      return performanceClasses.logicalProcessor;
    case 'PARTITION':
      return name.partitionId === rootPartitionId
        ? performanceClasses.rootPartition
        : performanceClasses.partition;
    case 'VIRTUAL_PROCESSOR':
      return name.partitionId === rootPartitionId
        ? performanceClasses.rootVirtualProcessor
        : performanceClasses.virtualProcessor;
  }
}

/** The union of both, with each property of a class once. */
export function joinWanted(a: Wanted, b: Wanted): Wanted {
  const joined = new Map(a);
  for (const [name, properties] of b) {
    joined.set(name, [...new Set([...(a.get(name) ?? []), ...properties])]);
  }
  return joined;
}
