/** The whole catalogue: the one list of counters that everything else is made from. */
import type { Counter } from './counter.ts';
import type { StatisticsObject } from './group.ts';
import { hypervisorCounters } from './hypervisor.ts';
import { logicalProcessorCounters } from './logical-processor.ts';
import { partitionCounters } from './partition.ts';
import { virtualProcessorCounters } from './virtual-processor.ts';

const counters: Readonly<Record<StatisticsObject, readonly Counter[]>> = {
  HYPERVISOR: hypervisorCounters,
  LOGICAL_PROCESSOR: logicalProcessorCounters,
  PARTITION: partitionCounters,
  VIRTUAL_PROCESSOR: virtualProcessorCounters,
};

/** Every counter, by object, group and index. */
export const catalogue: readonly Counter[] = Object.values(counters).flat();

/** The counters of one kind of object, at their slots. */
export function countersOf(object: StatisticsObject): readonly Counter[] {
  return counters[object];
}

/** The counter of a field. Throws a TypeError where there is none: the caller names a field of the catalogue. */
export function counterNamed(object: StatisticsObject, field: string): Counter {
  const counter = counters[object].find((candidate) => candidate.field === field);
  if (counter === undefined) throw new TypeError(`${object} has no counter "${field}"`);
  return counter;
}
