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

/** The wall clock alone, for what is done at each request and each event: reading the steady clock takes longer. */
export function wallClockOf(clock: Clock): () => number {
  return clock === systemClock ? () => Date.now() : () => clock.now().wallMilliseconds;
}
