/** Times that grow: whole ticks at every moment, and never going back. */

/**
 * A running total of time for each of many objects, by their position. It grows by the same in every slice of the
 * second under way.
 */
export class Integral {
  /** At the start of the second under way. */
  readonly total: Float64Array;
  /** By how many ticks it grows in a slice. */
  readonly perSlice: Float64Array;
  /** At the moment last asked for. */
  readonly now: Float64Array;

  constructor(length: number) {
    this.total = new Float64Array(length);
    this.perSlice = new Float64Array(length);
    this.now = new Float64Array(length);
  }

  /** Ends the second under way. */
  settle(): void {
    const { total, perSlice } = this;
    for (let n = 0; n < total.length; n++) total[n] = (total[n] ?? 0) + (perSlice[n] ?? 0) * slicesPerSecond;
  }

  /** Brings `now` to the end of the last full slice; `spend` adds what is done of the one under way. */
  reach(time: SecondTime): void {
    const { total, perSlice, now } = this;
    for (let n = 0; n < total.length; n++) now[n] = (total[n] ?? 0) + (perSlice[n] ?? 0) * time.slices;
  }

  /** Spends these ticks of the slice on its part of it, and returns what is left: less than 0 where they fall short. */
  spend(n: number, ticks: number): number {
    const part = this.perSlice[n] ?? 0;
    if (ticks > 0) this.now[n] = (this.now[n] ?? 0) + Math.min(ticks, part);
    return ticks - part;
  }

  /** By how much it has grown in the second under way, at the moment last asked for. */
  grown(n: number): number {
    return (this.now[n] ?? 0) - (this.total[n] ?? 0);
  }

  /** Resets the objects from `from` to before `before`. */
  clear(from: number, before: number): void {
    for (const values of [this.total, this.perSlice, this.now]) values.fill(0, from, before);
  }
}

/** A tick is 100 ns, the unit of the times in a page: all simulated time is whole ticks, so that sums are exact. */
export const ticksPerSecond = 10_000_000;
/** How long a tick is. */
export const nanosecondsPerTick = 100;

/**
 * A second is cut into slices of a millisecond that are all alike. Within one, a logical processor does one thing after
 * the other, so that it never does more than there is time for, however short the interval.
 */
export const slicesPerSecond = 1_000;
/** How long a slice is. */
export const ticksPerSlice = ticksPerSecond / slicesPerSecond;

/** How far a second is gone: full slices, and ticks of the one under way. */
export interface SecondTime {
  readonly slices: number;
  readonly ticks: number;
}
