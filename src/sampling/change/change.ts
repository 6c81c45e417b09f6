/**
 * Deltas and rates: the change of an object's counters between two readings. Pure functions, exact over all of u64.
 */
import { clockOf, countersThatNeverGoBack, operationsOf, timesOf } from '../../catalogue/catalogue.ts';
import { isTotal, nanosecondsPerUnit, type Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading, Outcome } from '../../snapshot/reading.ts';
import { CellPair } from './cell-pair.ts';

/** A reading and when it was taken. */
export interface Sample {
  readonly at: Moment;
  readonly reading: Reading;
}

/**
 * The time between two readings. `reset`: a total or the time itself went backwards, or a share of time is
 * impossible. Then the two readings cannot be compared, and the change is unknown.
 */
export interface Interval {
  readonly from: Moment;
  readonly to: Moment;
  readonly seconds: number;
  readonly reset: boolean;
}

/** The change of one object, or of several together. null is unknown, and never replaced by a guess or a zero. */
export interface Change {
  readonly interval: Interval;
  delta(counter: Counter): bigint | null;
  rate(counter: Counter): number | null;
}

const nanosecondsPerSecond = 1e9;
const nanosecondsPerMillisecond = 1e6;
/**
 * Readings are not instantaneous, so shares of slightly more than the elapsed time are real. A share of more than
 * twice that time and more than a tenth of a second beyond it is impossible: the Linux driver may print the number of
 * another area under the same name from one reading to the next (mshv_debugfs.c prints that of PARENT or, if it is 0,
 * of SELF).
 */
const mostElapsedTimes = 2;
const mostNanosecondsBeyond = 1e8;

/** The change of one object between an earlier and a later reading. */
export class ReadingChange implements Change {
  readonly isReset: boolean;
  readonly #earlier: Sample;
  readonly #later: Sample;
  /** Both readings in memory, if they have the same layout there. */
  readonly #cells: CellPair | null;
  readonly #elapsedNanoseconds: number;
  readonly #clock: Counter | undefined;
  /** Whether both readings may have a clock per counter. */
  readonly #haveBases: boolean;

  constructor(object: StatisticsObject, samples: { earlier: Sample; later: Sample }) {
    const { earlier, later } = samples;
    this.#earlier = earlier;
    this.#later = later;
    this.#cells = CellPair.of(earlier.reading, later.reading);
    this.#elapsedNanoseconds = Number(
      momentOf(later).monotonicNanoseconds - momentOf(earlier).monotonicNanoseconds,
    );
    this.#clock = clockOf(object);
    this.#haveBases = earlier.reading.base !== undefined && later.reading.base !== undefined;
    this.isReset =
      this.#elapsedNanoseconds < 0 || this.#wentBackwardsIn(object) || this.#hasImpossibleShare(object);
  }

  get seconds(): number {
    return this.#elapsedNanoseconds / nanosecondsPerSecond;
  }

  /** Created on each access: of the thousands of objects that are sorted, few are shown. */
  get interval(): Interval {
    const [from, to] = [momentOf(this.#earlier), momentOf(this.#later)];
    const milliseconds = this.#elapsedNanoseconds / nanosecondsPerMillisecond;
    return {
      // The wall clock may have been set in between, so its two times cannot be compared.
      from: { ...from, wallMilliseconds: Math.round(to.wallMilliseconds - milliseconds) },
      to,
      seconds: this.seconds,
      reset: this.isReset,
    };
  }

  delta(counter: Counter): bigint | null {
    return this.isReset || !isTotal(counter) ? null : this.#difference(counter);
  }

  /** Per second, percent of the elapsed time, or nanoseconds per operation, by the kind of the counter. */
  rate(counter: Counter): number | null {
    if (this.isReset || !isTotal(counter)) return null;
    const delta = this.#differenceAsNumber(counter);
    if (delta === null) return null;
    switch (counter.kind) {
      case 'COUNT':
        return quotient(delta, this.seconds);
      case 'TIME':
        return percentOf(this.elapsedNanoseconds(counter), { counter, delta });
      case 'COST':
        return costOf(delta, { counter, operations: this.#differenceAsNumber(operationsOf(counter)) });
      case 'GAUGE':
      case 'CLOCK':
      case 'RAW':
        return null;
    }
  }

  /**
   * The time that a percentage of this counter is taken against: its own base if both readings have one (Windows),
   * else the clock of the object if it has one, else the moments of reading.
   */
  elapsedNanoseconds(counter: Counter): number {
    const base = this.#haveBases ? this.#baseDifference(counter) : null;
    if (base !== null) return Number(base) * nanosecondsPerUnit(counter);
    return this.#objectNanoseconds();
  }

  #objectNanoseconds(): number {
    const ticks = this.#clock === undefined ? null : this.#differenceAsNumber(this.#clock);
    if (this.#clock === undefined || ticks === null) return this.#elapsedNanoseconds;
    return ticks * nanosecondsPerUnit(this.#clock);
  }

  /** The difference as the nearest number, if it has more than 53 bits. */
  #differenceAsNumber(counter: Counter): number | null {
    if (this.#cells !== null) return this.#cells.difference(counter);
    const difference = this.#difference(counter);
    return difference === null ? null : Number(difference);
  }

  #difference(counter: Counter): bigint | null {
    const earlier = this.#earlier.reading.value(counter);
    const later = this.#later.reading.value(counter);
    return earlier === undefined || later === undefined ? null : later - earlier;
  }

  #baseDifference(counter: Counter): bigint | null {
    const earlier = this.#earlier.reading.base?.(counter);
    const later = this.#later.reading.base?.(counter);
    return earlier === undefined || later === undefined ? null : later - earlier;
  }

  #wentBackwardsIn(object: StatisticsObject): boolean {
    if (this.#haveBases && timesOf(object).some((counter) => (this.#baseDifference(counter) ?? 0n) < 0n))
      return true;
    if (this.#cells !== null) return this.#cells.wentBackwards(object);
    return countersThatNeverGoBack(object).some((counter) => this.#wentBackwards(counter));
  }

  /** Uses the same clock as the percentage of the counter. */
  #hasImpossibleShare(object: StatisticsObject): boolean {
    if (this.#cells !== null && !this.#haveBases)
      return this.#cells.tookLonger(object, mostNanosecondsIn(this.#objectNanoseconds()));
    return timesOf(object).some((counter) => {
      const grown = (this.#differenceAsNumber(counter) ?? 0) * nanosecondsPerUnit(counter);
      return grown > mostNanosecondsIn(this.elapsedNanoseconds(counter));
    });
  }

  #wentBackwards(counter: Counter): boolean {
    const difference = this.#difference(counter);
    return difference !== null && difference < 0n;
  }
}

/** When the reading was taken: its own time, or that of the snapshot. */
function momentOf({ at, reading }: Sample): Moment {
  return reading.at ?? at;
}

/** The largest possible change of a counter of time in this elapsed time. */
function mostNanosecondsIn(elapsedNanoseconds: number): number {
  return Math.max(mostElapsedTimes * elapsedNanoseconds, elapsedNanoseconds + mostNanosecondsBeyond);
}

/** Percent of an elapsed time; null if no time has passed. */
export function percentOf(
  elapsedNanoseconds: number,
  change: { counter: Counter; delta: number },
): number | null {
  return quotient(change.delta * nanosecondsPerUnit(change.counter) * 100, elapsedNanoseconds);
}

/** Nanoseconds per operation; null if there was no operation or they are not counted. */
export function costOf(
  delta: number,
  { counter, operations }: { counter: Counter; operations: number | null },
): number | null {
  return operations === null ? null : quotient(delta * nanosecondsPerUnit(counter), operations);
}

/** null for a clock that stood still or went back. */
function quotient(dividend: number, divisor: number): number | null {
  return divisor > 0 ? dividend / divisor : null;
}

/** The change of an object, or the error of a failed reading; null if there is no earlier reading. */
export function changeOf(
  object: StatisticsObject,
  { earlier, later }: { earlier: Outcome<Sample>; later: Outcome<Sample> },
): Outcome<ReadingChange> {
  if (later === null || later instanceof HvqlError) return later;
  if (earlier === null || earlier instanceof HvqlError) return earlier;
  return new ReadingChange(object, { earlier, later });
}
