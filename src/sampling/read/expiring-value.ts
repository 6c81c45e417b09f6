/** What was got lately, for as long as it may stand for what would be got now. */
import type { Clock } from '../../snapshot/moment.ts';

const nanosecondsPerMillisecond = 1e6;

/** The newest value of its kind. No timer runs: what is too old goes when it is next asked for. */
export class ExpiringValue<Value extends object> {
  readonly #clock: Clock;
  readonly #windowNanoseconds: bigint;
  #newest: { readonly value: Value; readonly began: bigint } | null = null;

  constructor({ clock, windowMilliseconds }: { clock: Clock; windowMilliseconds: number }) {
    this.#clock = clock;
    this.#windowNanoseconds = BigInt(Math.round(windowMilliseconds * nanosecondsPerMillisecond));
  }

  /** The newest value; null where there is none, it is too old, or nothing is kept. */
  get value(): Value | null {
    return this.#newest === null ? null : this.valueAt(this.begin());
  }

  /** The same for whoever knows what time it is. */
  valueAt(now: bigint): Value | null {
    if (this.#newest === null) return null;
    const age = now - this.#newest.began;
    if (age < 0n || age > this.#windowNanoseconds) this.#newest = null;
    return this.#newest?.value ?? null;
  }

  /** The beginning of an attempt to get a value: its age counts from here. */
  begin(): bigint {
    return this.#windowNanoseconds === 0n ? 0n : this.#clock.now().monotonicNanoseconds;
  }

  /** Takes a value, unless one is there whose attempt began later; gives it back. */
  keep(value: Value, began: bigint): Value {
    if (this.#windowNanoseconds === 0n || (this.#newest !== null && this.#newest.began > began)) return value;
    this.#newest = { value, began };
    return value;
  }

  forget(): void {
    this.#newest = null;
  }
}
