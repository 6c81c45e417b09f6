/** When a sample was taken: Windows stamps every instance with two clocks of its own. */
import type { Moment } from '../../snapshot/moment.ts';
import { cellOf, type InstanceTable } from './sample.ts';

/** From 1601, where the time of Windows begins, to 1970. */
const epochMilliseconds = 11_644_473_600_000n;
const millisecondsPerSecond = 1_000n;
const nanosecondsPerSecond = 1_000_000_000n;

/**
 * The latest moment in these tables; null where no instance tells one. The instances of a class share theirs, and the
 * classes are read one after another. `Timestamp_PerfTime` is the steady clock, `Timestamp_Sys100NS` the wall clock in
 * UTC (MS-PCQ 2.2.4.7).
 */
export function latestMoment(tables: Iterable<InstanceTable | string>): Moment | null {
  let latest: Moment | null = null;
  for (const table of tables) {
    const at = typeof table === 'string' ? null : momentOf(table);
    if (at !== null && (latest === null || at.monotonicNanoseconds > latest.monotonicNanoseconds))
      latest = at;
  }
  return latest;
}

function momentOf(table: InstanceTable): Moment | null {
  const [row] = table.rows;
  const [steady, steadyFrequency, wall, wallFrequency] = (
    ['Timestamp_PerfTime', 'Frequency_PerfTime', 'Timestamp_Sys100NS', 'Frequency_Sys100NS'] as const
  ).map((property) => BigInt((row && cellOf(table.columns, { row, property })) ?? 0));
  if (!steady || !steadyFrequency || !wall || !wallFrequency) return null;
  return {
    wallMilliseconds: Number((wall * millisecondsPerSecond) / wallFrequency - epochMilliseconds),
    monotonicNanoseconds: (steady * nanosecondsPerSecond) / steadyFrequency,
  };
}
