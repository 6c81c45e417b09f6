/** A point in time on two clocks: one to show, one to compute with. */
export interface Moment {
  /** Wall clock, milliseconds since 1970 UTC; may be set back. */
  readonly wallMilliseconds: number;
  /** A steady clock of the source, in nanoseconds. Only differences mean something. */
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

/** The steady clock alone, in milliseconds: as a number it costs less than a moment, and only differences mean something. */
export function steadyClockOf(clock: Clock): () => number {
  return clock === systemClock
    ? () => performance.now()
    : () => Number(clock.now().monotonicNanoseconds) / 1e6;
}

/** The wall clock alone, for what is done at each request and each event: reading the steady clock takes longer. */
export function wallClockOf(clock: Clock): () => number {
  return clock === systemClock ? () => Date.now() : () => clock.now().wallMilliseconds;
}
