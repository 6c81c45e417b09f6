/** What a row of the catalogue says, and what follows from it. */
import { statisticsGroups, type GroupName, type StatisticsGroup, type StatisticsObject } from './group.ts';

/**
 * What kind of number stands in the page: COUNT a running total of events, TIME a running total of time, COST a
 * running total of time spent on the operations of another counter, GAUGE a level, CLOCK the hypervisor's own clock.
 */
export type CounterKind = 'COUNT' | 'TIME' | 'COST' | 'GAUGE' | 'CLOCK';
/** Unit of the number as it stands in the page; '1' is a plain number. */
export type CounterUnit = '1' | 'page' | '100ns' | 'ns';

/**
 * What drives the counter on the simulated host, and how much of it: events per second of the driver (COUNT), a
 * fraction of it (TIME, CLOCK), nanoseconds an operation (COST), or units for each unit of it (GAUGE).
 */
export type Simulated = readonly [driver: SimulatedDriver, amount: number];
// prettier-ignore
export type SimulatedDriver =
  | 'elapsed' | 'run' | 'hypervisor' | 'idle' | 'compute' | 'io' | 'wake' | 'migrations' // times and events
  | 'operations' | 'parts' // other rows: the one that `operations` names, those that name this one in `partOf`
  | 'logicalProcessors' | 'partitions' | 'virtualProcessors' | 'memory' | 'one'; // levels

/** One row: everything that is written down about a counter. */
export interface CounterRow {
  readonly group: GroupName;
  /** Position in the group from 1; index 0 is the group's header. */
  readonly index: number;
  readonly field: string;
  /** The published name. */
  readonly title: string;
  readonly kind: CounterKind;
  readonly unit: CounterUnit;
  /** For COST: the field that counts the operations the time was spent on. */
  readonly operations?: string;
  /** The field that counts this one's events as well. */
  readonly partOf?: string;
  /** Its name in the files of the Linux mshv driver. */
  readonly linux: string;
  /** Its properties in the Windows raw performance classes; none where Windows does not report it. */
  readonly windows: readonly string[];
  readonly simulated: Simulated;
  readonly description: string;
}

/** A counter: its row and what follows from it. */
export interface Counter extends CounterRow {
  readonly object: StatisticsObject;
  readonly statisticsGroup: StatisticsGroup;
  /** Position among all counters of its object, from 0, dense. */
  readonly slot: number;
  /** Unit of its rate; null for levels and clocks, which have none. */
  readonly rateUnit: string | null;
}

const rateUnits: Readonly<Record<CounterKind, string | null>> = {
  COUNT: 'per second',
  TIME: 'percent of elapsed time',
  COST: 'ns per operation',
  GAUGE: null,
  CLOCK: null,
};

/** Rows become counters, in the order of their slots. */
export function counterRows(object: StatisticsObject, rows: readonly CounterRow[]): readonly Counter[] {
  return rows.map((row, slot) => ({
    ...row,
    object,
    slot,
    statisticsGroup: statisticsGroups[row.group],
    rateUnit: rateUnits[row.kind],
  }));
}

/** Whether the counter is a running total: what has deltas and rates, and must never go backwards. */
export function isTotal(counter: Counter): boolean {
  return counter.rateUnit !== null;
}

/** How long one unit of the counter is. Only counters of time have one. */
export function nanosecondsPerUnit(counter: Counter): number {
  return counter.unit === '100ns' ? 100 : 1;
}
