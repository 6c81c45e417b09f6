/** Parses and checks a line of the script's output. */
import { isObject } from '../../lib/json.ts';
import { messageOf } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { maxUInt64 } from '../../catalogue/counter.ts';
import type { PerformanceClass, Wanted } from './wanted-class.ts';

/** The instances of one class. */
export interface InstanceTable {
  /** The column of each property in a row. */
  readonly columns: ReadonlyMap<string, number>;
  /** A text for each property, '' if it has no value. */
  readonly rows: readonly Row[];
  /** When Windows read them; null if no instance has a time. */
  readonly at: Moment | null;
}

/** An instance. */
export type Row = readonly string[];

/** The instances found at one moment. */
export interface Sample {
  /** null if no class has an instance: the classes of the hypervisor are missing. */
  readonly at: Moment | null;
  /** By class; the reason in place of a table if the class could not be read. */
  readonly tables: ReadonlyMap<PerformanceClass, InstanceTable | string>;
}

/** The request that a line responds to. */
export interface SampleRequest {
  readonly id: number;
  readonly wanted: Wanted;
}

/** How much of a message from Windows is kept, in characters. */
const longestMessage = 500;
/** The property with the name of an instance, the only one that is not a number. */
export const nameProperty = 'Name';

/**
 * The sample in a line of the script. Throws a TypeError with the problem if the line is not the response to the request:
 * after a partial line, an unrelated one or an earlier response, nothing that follows can be trusted.
 */
export function parseSample(line: string, { id, wanted }: SampleRequest): Sample {
  const answer = parseJson(line);
  if (!isObject(answer)) throw new TypeError('it is no object');
  if (answer['id'] !== id) throw new TypeError(`it does not answer request ${id}`);
  const classes = answer['classes'];
  if (!isObject(classes)) throw new TypeError('it has no classes');
  const tables = new Map<PerformanceClass, InstanceTable | string>();
  for (const each of wanted.keys()) tables.set(each, parseTable(classes[each], each));
  return { at: latestMoment(tables.values()), tables };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    throw new TypeError(messageOf(thrown), { cause: thrown });
  }
}

function parseTable(found: unknown, title: string): InstanceTable | string {
  if (!isObject(found)) throw new TypeError(`it has no ${title}`);
  const { error, properties, instances } = found;
  if (typeof error === 'string') return error.slice(0, longestMessage);
  if (!isTexts(properties) || !Array.isArray(instances)) throw new TypeError(`${title} is no table`);
  const columns = new Map(properties.map((property, column) => [property, column]));
  const nameColumn = columns.get(nameProperty);
  if (nameColumn === undefined) throw new TypeError(`${title} has no ${nameProperty}`);
  for (const row of instances as unknown[]) {
    if (!isTexts(row) || row.length !== properties.length)
      throw new TypeError(`an instance of ${title} has not ${properties.length} texts`);
    const wrong = row.findIndex((cell, column) => column !== nameColumn && !isNumber(cell));
    if (wrong >= 0) throw new TypeError(`${properties[wrong] ?? ''} of ${title} is no number`);
  }
  const rows = instances as Row[];
  return { columns, rows, at: momentOf(columns, rows[0]) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((cell) => typeof cell === 'string');
}

/** Whether a text is a u64 or empty. */
function isNumber(cell: string): boolean {
  return /^\d{0,19}$/.test(cell) || (/^\d{20}$/.test(cell) && BigInt(cell) <= maxUInt64);
}

/** The text of a property of an instance; undefined if this Windows does not have it, or it has no value. */
export function cellOf(columns: InstanceTable['columns'], { row, property }: Cell): string | undefined {
  const column = columns.get(property);
  // The text of a missing value is ''.
  return (column === undefined ? undefined : row[column]) || undefined;
}

/** Names a text of the table. */
export interface Cell {
  readonly row: Row;
  readonly property: string;
}

/** The name of an instance. */
export function nameIn({ columns }: InstanceTable, row: Row): string {
  return cellOf(columns, { row, property: nameProperty }) ?? '';
}

/** The time from 1601, the epoch of Windows, to 1970. */
const epochMilliseconds = 11_644_473_600_000n;
const millisecondsPerSecond = 1_000n;
const nanosecondsPerSecond = 1_000_000_000n;

/**
 * When the instances of a class were read, by one of them: they share it. `Timestamp_PerfTime` is the steady clock,
 * `Timestamp_Sys100NS` the wall clock in UTC (MS-PCQ 2.2.4.7). null if one of them is missing.
 */
export function momentOf(columns: InstanceTable['columns'], row: Row | undefined): Moment | null {
  const number = (property: string): bigint => BigInt((row && cellOf(columns, { row, property })) ?? 0);
  const [steady, steadyFrequency] = [number('Timestamp_PerfTime'), number('Frequency_PerfTime')];
  const [wall, wallFrequency] = [number('Timestamp_Sys100NS'), number('Frequency_Sys100NS')];
  if (steady === 0n || steadyFrequency === 0n || wall === 0n || wallFrequency === 0n) return null;
  return {
    wallMilliseconds: Number((wall * millisecondsPerSecond) / wallFrequency - epochMilliseconds),
    monotonicNanoseconds: (steady * nanosecondsPerSecond) / steadyFrequency,
  };
}

/** The latest moment of these tables, which are read one after another; null if no table has one. */
export function latestMoment(tables: Iterable<InstanceTable | string>): Moment | null {
  let latest: Moment | null = null;
  for (const table of tables) {
    const at = typeof table === 'string' ? null : table.at;
    if (at !== null && (latest === null || at.monotonicNanoseconds > latest.monotonicNanoseconds))
      latest = at;
  }
  return latest;
}
