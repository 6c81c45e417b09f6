/** The simulator's units of time. */

/** A tick is 100 ns, the unit of the times in a page: all simulated time is whole ticks, so that sums are exact. */
export const ticksPerSecond = 10_000_000;
/** How long a tick is. */
export const nanosecondsPerTick = 100;

/**
 * A second is cut into slices of a millisecond that are all alike. Within one, a logical processor does one thing after
 * the other, so that it never does more than there is time for, however short the interval that one looks at.
 */
export const slicesPerSecond = 1_000;
/** How long a slice is. */
export const ticksPerSlice = ticksPerSecond / slicesPerSecond;

/** How far a second is gone: full slices, and ticks of the one under way. */
export interface SecondTime {
  readonly slices: number;
  readonly ticks: number;
}
