/** When a sample was taken: Windows stamps every instance with two clocks of its own. */
import type { Moment } from '../../snapshot/moment.ts';
import { cellOf, type InstanceTable, type Row } from './sample.ts';

/** From 1601, where the time of Windows begins, to 1970. */
const epochMilliseconds = 11_644_473_600_000n;
const millisecondsPerSecond = 1_000n;
const nanosecondsPerSecond = 1_000_000_000n;

/**
 * When the instances of a class were read, by one of them: they share it. `Timestamp_PerfTime` is the steady clock,
 * `Timestamp_Sys100NS` the wall clock in UTC (MS-PCQ 2.2.4.7). null where it does not say both.
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

/** The latest moment of these tables, which are read one after another; null where none has one. */
export function latestMoment(tables: Iterable<InstanceTable | string>): Moment | null {
  let latest: Moment | null = null;
  for (const table of tables) {
    const at = typeof table === 'string' ? null : table.at;
    if (at !== null && (latest === null || at.monotonicNanoseconds > latest.monotonicNanoseconds))
      latest = at;
  }
  return latest;
}
