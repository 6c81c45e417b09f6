/** Totals of several objects of one kind, such as all virtual processors of a partition. */
import { operationsOf } from '../../catalogue/catalogue.ts';
import { type Counter, maxUInt64 } from '../../catalogue/counter.ts';
import { HvqlError } from '../../errors.ts';
import type { Reading, Outcome } from '../../snapshot/reading.ts';
import { costOf, percentOf, type Change, type Interval, type ReadingChange } from './change.ts';

/** The sum of one or more readings. */
export class ReadingTotal implements Reading {
  readonly page = null;
  readonly #readings: readonly Reading[];

  constructor(readings: readonly Reading[]) {
    this.#readings = readings;
  }

  /** Absent if any of the readings lacks the counter: a partial sum would be wrong. */
  value(counter: Counter): bigint | undefined {
    return withinUInt64(counter, this.sum(counter)) ?? undefined;
  }

  /** The sum, which may exceed 64 bits; null if it is unknown. */
  sum(counter: Counter): bigint | null {
    return sumOf(this.#readings.map((reading) => reading.value(counter)));
  }
}

/** The change of one or more objects together, each between its own two readings. */
export class ChangeTotal implements Change {
  /** The longest of the intervals. They differ only if the held earlier readings differ in age. */
  readonly interval: Interval;
  readonly #changes: readonly ReadingChange[];

  constructor(changes: readonly [ReadingChange, ...ReadingChange[]]) {
    const longest = changes.reduce((a, b) => (b.seconds > a.seconds ? b : a));
    this.#changes = changes;
    // If one object was reset, its change and the sum are unknown.
    this.interval = { ...longest.interval, reset: changes.some(({ isReset }) => isReset) };
  }

  delta(counter: Counter): bigint | null {
    return withinUInt64(counter, this.sum(counter));
  }

  /** The sum of the deltas, which may exceed 64 bits; null if it is unknown. */
  sum(counter: Counter): bigint | null {
    return this.interval.reset ? null : sumOf(this.#changes.map((change) => change.delta(counter)));
  }

  /** The sum of the objects' own rates. */
  sumOfShares(counter: Counter): number | null {
    return this.interval.reset ? null : sumOfNumbers(this.#changes.map((change) => change.rate(counter)));
  }

  /** Events per second in total; percent of the sum of their elapsed times; total time per operation. */
  rate(counter: Counter): number | null {
    const delta = this.sum(counter);
    if (delta === null) return null;
    switch (counter.kind) {
      case 'TIME': {
        const elapsed = this.#changes.reduce((sum, change) => sum + change.elapsedNanoseconds(counter), 0);
        return percentOf(elapsed, { counter, delta: Number(delta) });
      }
      case 'COST':
        return this.#cost(counter, Number(delta));
      default:
        return this.sumOfShares(counter);
    }
  }

  #cost(counter: Counter, delta: number): number | null {
    const operations = this.sum(operationsOf(counter));
    return costOf(delta, { counter, operations: operations === null ? null : Number(operations) });
  }
}

/** The values that could be read. */
export function readableOf<Value>(outcomes: readonly Outcome<Value>[]): Value[] {
  return outcomes.filter(
    (outcome): outcome is Value & {} => outcome !== null && !(outcome instanceof HvqlError),
  );
}

function sumOf(values: readonly (bigint | null | undefined)[]): bigint | null {
  let sum = 0n;
  for (const value of values) {
    if (value === null || value === undefined) return null;
    sum += value;
  }
  return sum;
}

function sumOfNumbers(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}

/** A sum may exceed the 64 bits of its terms. Truncated, it would be a wrong number. */
function withinUInt64(counter: Counter, sum: bigint | null): bigint | null {
  if (sum === null || sum <= maxUInt64) return sum;
  throw new HvqlError('LIMIT_EXCEEDED', `The sum of ${counter.field} is ${sum}, more than 64 bits hold.`, {
    limit: maxUInt64.toString(),
    actual: sum.toString(),
  });
}
