/** The whole catalogue: the list of counters that everything else is derived from. */
import { neverGoesBack, standsInPages, type Counter } from './counter.ts';
import { statisticsObjects, type StatisticsObject, type Release } from './group.ts';
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

/** Every counter, by object: first those of the public page by group and index, then those of newer releases. */
export const catalogue: readonly Counter[] = Object.values(counters).flat();

const neverGoingBack = new Map(
  statisticsObjects.map((object) => [object, counters[object].filter(neverGoesBack)]),
);

/** The totals and clocks of an object. A decrease shows that the object was reset. */
export function countersThatNeverGoBack(object: StatisticsObject): readonly Counter[] {
  return neverGoingBack.get(object) ?? [];
}

const times = new Map(
  statisticsObjects.map((object) => [object, counters[object].filter(({ kind }) => kind === 'TIME')]),
);

/** The totals of time of an object, of which percentages are taken. */
export function timesOf(object: StatisticsObject): readonly Counter[] {
  return times.get(object) ?? [];
}

/** The counters in the pages of one kind of object in a release. */
export function countersInPages(object: StatisticsObject, release: Release): readonly Counter[] {
  return counters[object].filter((counter) => standsInPages(counter, release));
}

/** The counters of one kind of object, at their slots. */
export function countersOf(object: StatisticsObject): readonly Counter[] {
  return counters[object];
}

/** The counter of a field. Throws a TypeError for an unknown field: callers name fields of the catalogue. */
export function counterNamed(object: StatisticsObject, field: string): Counter {
  const counter = counters[object].find((candidate) => candidate.field === field);
  if (counter === undefined) throw new TypeError(`${object} has no counter "${field}"`);
  return counter;
}

const clocks = new Map(
  catalogue.filter(({ kind }) => kind === 'CLOCK').map((clock) => [clock.object, clock]),
);

/** The hypervisor's clock as this kind of object reports it; undefined if it does not. */
export function clockOf(object: StatisticsObject): Counter | undefined {
  return clocks.get(object);
}

const operations = new Map(
  catalogue.flatMap((cost) =>
    cost.operations === undefined ? [] : [[cost, counterNamed(cost.object, cost.operations)] as const],
  ),
);

/** The counter of the operations that a COST counter's time was spent on. Throws a TypeError for other kinds. */
export function operationsOf(cost: Counter): Counter {
  const counter = operations.get(cost);
  if (counter === undefined) throw new TypeError(`${cost.field} is not the cost of operations`);
  return counter;
}
