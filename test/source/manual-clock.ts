import type { Clock, Moment } from '../../src/snapshot/moment.ts';

/** A clock that does not advance until the test advances it. */
export class ManualClock implements Clock {
  #milliseconds = 0;

  now(): Moment {
    return {
      wallMilliseconds: Date.UTC(2026, 10, 20, 10) + this.#milliseconds,
      monotonicNanoseconds: 5_000_000_000n + BigInt(this.#milliseconds) * 1_000_000n,
    };
  }

  advance(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }
}
