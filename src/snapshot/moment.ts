/** A point in time on two clocks: one to show, one to compute with. */
export interface Moment {
  /** Wall clock, milliseconds since 1970 UTC; may be set back. */
  readonly wallMilliseconds: number;
  /** A monotonic clock of the source, in nanoseconds. Only differences are meaningful. */
  readonly monotonicNanoseconds: bigint;
}

/** Gives the time. It is passed in, so that tests control it. */
export interface Clock {
  now(): Moment;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => ({ wallMilliseconds: Date.now(), monotonicNanoseconds: process.hrtime.bigint() }),
};

/** The monotonic clock alone, in milliseconds: a number costs less than a moment. Only differences are meaningful. */
export function steadyClockOf(clock: Clock): () => number {
  return clock === systemClock
    ? () => performance.now()
    : () => Number(clock.now().monotonicNanoseconds) / 1e6;
}

/** The wall clock alone, for code that runs at each request and event: reading the monotonic clock takes longer. */
export function wallClockOf(clock: Clock): () => number {
  return clock === systemClock ? () => Date.now() : () => clock.now().wallMilliseconds;
}
