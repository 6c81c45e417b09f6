/** Running totals of time: whole ticks at every moment, and never decreasing. */

/**
 * A running total of time for each of many objects, by position. It grows by the same amount in every slice of the
 * current second.
 */
export class Integral {
  /** The totals at the start of the current second. */
  readonly total: Float64Array;
  /** How many ticks are added in each slice. */
  readonly perSlice: Float64Array;
  /** The totals at the moment of the latest `reach`. */
  readonly now: Float64Array;

  constructor(length: number) {
    this.total = new Float64Array(length);
    this.perSlice = new Float64Array(length);
    this.now = new Float64Array(length);
  }

  /** Ends the current second. */
  settle(): void {
    const { total, perSlice } = this;
    for (let n = 0; n < total.length; n++) total[n] = (total[n] ?? 0) + (perSlice[n] ?? 0) * slicesPerSecond;
  }

  /** Sets `now` to the end of the last full slice. `spend` adds the part of the current slice. */
  reach(time: SecondTime): void {
    const { total, perSlice, now } = this;
    for (let n = 0; n < total.length; n++) now[n] = (total[n] ?? 0) + (perSlice[n] ?? 0) * time.slices;
  }

  /**
   * Spends ticks of the current slice on an object, up to its share. Returns the ticks that are left; less than 0 if
   * there were too few.
   */
  spend(n: number, ticks: number): number {
    const part = this.perSlice[n] ?? 0;
    if (ticks > 0) this.now[n] = (this.now[n] ?? 0) + Math.min(ticks, part);
    return ticks - part;
  }

  /** How much the object's total has grown in the current second, up to `now`. */
  grown(n: number): number {
    return (this.now[n] ?? 0) - (this.total[n] ?? 0);
  }

  /** Resets the objects from `from` up to, but not including, `before`. */
  clear(from: number, before: number): void {
    for (const values of [this.total, this.perSlice, this.now]) values.fill(0, from, before);
  }
}

/** A tick is 100 ns, the unit of times in a page. All simulated time is in whole ticks, so that sums are exact. */
export const ticksPerSecond = 10_000_000;
/** The length of a tick in nanoseconds. */
export const nanosecondsPerTick = 100;

/**
 * A second consists of equal slices of a millisecond. Within a slice, a logical processor does one thing after another,
 * so that it never does more than fits in an interval, however short.
 */
export const slicesPerSecond = 1_000;
/** The length of a slice in ticks. */
export const ticksPerSlice = ticksPerSecond / slicesPerSecond;

/** How much of a second has passed: full slices, and ticks of the current slice. */
export interface SecondTime {
  readonly slices: number;
  readonly ticks: number;
}
