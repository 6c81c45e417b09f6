/** An instance of a raw performance class as a reading. */
import type { Counter } from '../../catalogue/counter.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { cellOf, type InstanceTable, type Row } from './sample.ts';

/**
 * The reading of an instance. A counter's value is the first property that its row names: a running total, whatever
 * "Persec" and "Percent" in its name say; the second, its base, is what Windows divides by to show it. That of a
 * percentage is a clock (PERF_PRECISION_100NS_TIMER), read together with the value; a clock at 0 does not run, and is
 * none. A property that this Windows does not have is absent. There is no page behind it. It holds its own
 * instance and not the others of the table.
 */
export function instanceReading({ columns, at }: InstanceTable, row: Row): Reading {
  return {
    page: null,
    // The classes are read one after another, and a busy host takes its time.
    ...(at === null ? {} : { at }),
    base({ kind, windows: [, property] }: Counter) {
      if (kind !== 'TIME' || property === undefined) return undefined;
      const base = BigInt(cellOf(columns, { row, property }) ?? 0);
      return base === 0n ? undefined : base;
    },
    value({ windows: [property] }: Counter) {
      const text = property === undefined ? undefined : cellOf(columns, { row, property });
      return text === undefined ? undefined : BigInt(text);
    },
  };
}
