/** A row of the catalogue, and what is derived from it. */
import {
  statisticsGroups,
  type GroupName,
  type StatisticsGroup,
  type StatisticsObject,
  type Release,
} from './group.ts';

/** The largest value of a counter, and of a partition id: both have 64 bits. */
export const maxUInt64 = 2n ** 64n - 1n;

/**
 * The kind of a number: COUNT a running total of events, TIME a running total of time, COST a running total of time
 * spent on the operations of another counter, GAUGE a level, CLOCK the hypervisor's own clock. RAW is a number of
 * unknown kind: a row has another kind only if the page of 2013 declares it, or its names and its pair prove it.
 */
export type CounterKind = 'COUNT' | 'TIME' | 'COST' | 'GAUGE' | 'CLOCK' | 'RAW';
/** The unit of the number; '1' is a plain number. */
export type CounterUnit = '1' | 'page' | '100ns' | 'ns' | 'unknown';
/** Who reports a counter: the public page of 2013, the Linux driver on either architecture, Windows. */
export type CounterReporter = 'PUBLIC_2013' | 'LINUX_X64' | 'LINUX_ARM64' | 'WINDOWS';

/**
 * What drives the counter on the simulated host, and by how much: events per second of the driver (COUNT), a fraction
 * of it (TIME, CLOCK), nanoseconds per operation (COST), or units per unit of it (GAUGE).
 */
export type Simulated = readonly [driver: SimulatedDriver, amount: number];
// prettier-ignore
export type SimulatedDriver =
  | 'elapsed' | 'run' | 'hypervisor' | 'idle' | 'compute' | 'io' | 'wake' | 'migrations' // times and events
  | 'operations' | 'parts' // other rows: the one that `operations` names, those that name this one in `partOf`
  | 'logicalProcessors' | 'partitions' | 'virtualProcessors' | 'memory' | 'one'; // levels

/** One row: everything that is recorded about a counter. */
export interface CounterRow {
  readonly group: GroupName;
  /** Position in the group from 1, since index 0 is the header; left out if its place in a page is unknown. */
  readonly index?: number;
  readonly field: string;
  /** The release that appended it; left out if the page of 2013 has it. */
  readonly release?: Release;
  /** The published name; left out if it is the name in the Linux driver. */
  readonly title?: string;
  readonly kind: CounterKind;
  readonly unit: CounterUnit;
  /** For COST: the field that counts the operations the time was spent on. */
  readonly operations?: string;
  /** The field that counts the events of this one as well. */
  readonly partOf?: string;
  /** Its name in the files of the Linux mshv driver. */
  readonly linux: string;
  /** The architecture of that driver that has it, if it is not both. */
  readonly onlyOn?: 'LINUX_X64' | 'LINUX_ARM64';
  /** Its properties in the Windows raw performance classes; empty if Windows does not report it. */
  readonly windows: readonly string[];
  /** Left out if the simulated host has nothing of the kind: it stays 0. */
  readonly simulated?: Simulated;
  /** Left out if no public source says what it counts. */
  readonly description?: string;
}

/** A counter: its row, and what is derived from it. */
export interface Counter extends Omit<CounterRow, 'index' | 'simulated'> {
  /** null if its place in a page is unknown. */
  readonly index: number | null;
  readonly release: Release;
  readonly title: string;
  readonly description: string;
  readonly simulated: Simulated | null;
  readonly reportedBy: readonly CounterReporter[];
  readonly object: StatisticsObject;
  readonly statisticsGroup: StatisticsGroup;
  /** Position among all counters of its object, from 0, dense. */
  readonly slot: number;
  /** Unit of its rate; null for gauges, clocks and numbers of unknown kind, which have no rate. */
  readonly rateUnit: string | null;
}

const rateUnits: Readonly<Record<CounterKind, string | null>> = {
  COUNT: 'per second',
  TIME: 'percent of elapsed time',
  COST: 'ns per operation',
  GAUGE: null,
  CLOCK: null,
  RAW: null,
};

/** The counters of these rows, in the order of their slots. */
export function counterRows(object: StatisticsObject, rows: readonly CounterRow[]): readonly Counter[] {
  return rows.map((row, slot) => ({
    ...row,
    object,
    slot,
    index: row.index ?? null,
    release: row.release ?? 2013,
    title: row.title ?? row.linux,
    description: row.description ?? `${row.linux} of the Linux driver; what it counts is not documented.`,
    simulated: row.simulated ?? null,
    reportedBy: reportersOf(row),
    statisticsGroup: statisticsGroups[row.group],
    rateUnit: rateUnits[row.kind],
  }));
}

function reportersOf({ release, linux, onlyOn, windows }: CounterRow): readonly CounterReporter[] {
  const reporters: CounterReporter[] = [];
  if (release === undefined) reporters.push('PUBLIC_2013');
  if (linux !== '' && onlyOn !== 'LINUX_ARM64') reporters.push('LINUX_X64');
  if (linux !== '' && onlyOn !== 'LINUX_X64') reporters.push('LINUX_ARM64');
  if (windows.length > 0) reporters.push('WINDOWS');
  return reporters;
}

/** Whether the pages of a release have the counter, if they are long enough. */
export function standsInPages({ index, release }: Counter, of: Release): boolean {
  return index !== null && release <= of;
}

/** Whether the counter is a running total, which has deltas and rates and must never go backwards. */
export function isTotal(counter: Counter): boolean {
  return counter.rateUnit !== null;
}

/** The length of one unit of the counter, for counters of time. */
export function nanosecondsPerUnit(counter: Counter): number {
  return counter.unit === '100ns' ? 100 : 1;
}

/** Whether the counter may never be less than before, unless its object started again. */
export function neverGoesBack(counter: Counter): boolean {
  return isTotal(counter) || counter.kind === 'CLOCK';
}
