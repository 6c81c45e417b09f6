/** A value that is kept for a limited time. */

/**
 * The newest value of its kind, until it is older than the window. Its age counts from when getting it began. No timer
 * runs: an expired value is dropped by the next read. With a window of 0 nothing is kept.
 */
export class ExpiringValue<Value extends object> {
  readonly #now: () => number;
  readonly #windowMilliseconds: number;
  #newest: { readonly value: Value; readonly began: number } | null = null;

  /** `now` reads a steady clock in milliseconds: only differences mean something. */
  constructor({ now, windowMilliseconds }: { now: () => number; windowMilliseconds: number }) {
    this.#now = now;
    this.#windowMilliseconds = windowMilliseconds;
  }

  /** The newest value; null if there was no value or it has expired. */
  get value(): Value | null {
    return this.#newest === null ? null : this.valueAt(this.begin());
  }

  /** The same at a time that the caller has already read from the clock. */
  valueAt(now: number): Value | null {
    if (this.#newest === null) return null;
    const age = now - this.#newest.began;
    if (age < 0 || age > this.#windowMilliseconds) this.#newest = null;
    return this.#newest?.value ?? null;
  }

  /** The time at which getting a value begins, for `keep`. */
  begin(): number {
    return this.#windowMilliseconds === 0 ? 0 : this.#now();
  }

  /** Keeps the value unless it began before the kept one; returns it. */
  keep(value: Value, began: number): Value {
    if (this.#windowMilliseconds === 0 || (this.#newest !== null && this.#newest.began > began)) return value;
    this.#newest = { value, began };
    return value;
  }

  forget(): void {
    this.#newest = null;
  }
}
