/** A point in time, on two clocks: one to tell people, one to compute with. */
export interface Moment {
  /** Wall clock, milliseconds since 1970 UTC; may be set back. */
  readonly wallMilliseconds: number;
  /** A steady clock of the source, nanoseconds; only differences mean something. */
  readonly monotonicNanoseconds: bigint;
}

/** Where moments come from; given at the door, so that tests hold it in their hands. */
export interface Clock {
  now(): Moment;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => ({ wallMilliseconds: Date.now(), monotonicNanoseconds: process.hrtime.bigint() }),
};
