/** A value that is kept for a limited time. */

/** A steady clock: only differences of its moments mean something. */
interface SteadyClock {
  now(): { readonly monotonicNanoseconds: bigint };
}

const nanosecondsPerMillisecond = 1e6;

/**
 * The newest value of its kind, until it is older than the window. Its age counts from when getting it began. No timer
 * runs: an expired value is dropped by the next read. With a window of 0 nothing is kept.
 */
export class ExpiringValue<Value extends object> {
  readonly #clock: SteadyClock;
  readonly #windowNanoseconds: bigint;
  #newest: { readonly value: Value; readonly began: bigint } | null = null;

  constructor({ clock, windowMilliseconds }: { clock: SteadyClock; windowMilliseconds: number }) {
    this.#clock = clock;
    this.#windowNanoseconds = BigInt(Math.round(windowMilliseconds * nanosecondsPerMillisecond));
  }

  /** The newest value; null if there was no value or it has expired. */
  get value(): Value | null {
    return this.#newest === null ? null : this.valueAt(this.begin());
  }

  /** The same at a time that the caller has already read from the clock. */
  valueAt(now: bigint): Value | null {
    if (this.#newest === null) return null;
    const age = now - this.#newest.began;
    if (age < 0n || age > this.#windowNanoseconds) this.#newest = null;
    return this.#newest?.value ?? null;
  }

  /** The time at which getting a value begins, for `keep`. */
  begin(): bigint {
    return this.#windowNanoseconds === 0n ? 0n : this.#clock.now().monotonicNanoseconds;
  }

  /** Keeps the value unless it began before the kept one; returns it. */
  keep(value: Value, began: bigint): Value {
    if (this.#windowNanoseconds === 0n || (this.#newest !== null && this.#newest.began > began)) return value;
    this.#newest = { value, began };
    return value;
  }

  forget(): void {
    this.#newest = null;
  }
}
