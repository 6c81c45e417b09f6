/** Readings that earlier questions left behind, so that a rate need not wait for a second one. Bounded; no timer. */
import type { Sample } from './growth.ts';

/** How much is held: a reading for each object and stretch of time, and at most so many, so long. */
export interface HoldingLimits {
  readonly stretchNanoseconds: bigint;
  readonly maximumAgeNanoseconds: bigint;
  readonly maximumReadings: number;
}

/** About 20 MB of pages at the most: three looks at a host of 64 logical and 1,024 virtual processors. */
export const defaultHoldingLimits: HoldingLimits = {
  stretchNanoseconds: 250_000_000n,
  maximumAgeNanoseconds: 60_000_000_000n,
  maximumReadings: 5000,
};

interface Stretch {
  readonly startNanoseconds: bigint;
  /** The first reading of each object in this stretch of time. */
  readonly samples: Map<string, Sample>;
}

/** Readings of the recent past by object key. */
export class HeldReadings {
  readonly #limits: HoldingLimits;
  /** Oldest first. */
  #stretches: Stretch[] = [];
  #count = 0;

  constructor(limits: HoldingLimits = defaultHoldingLimits) {
    this.#limits = limits;
  }

  hold(key: string, sample: Sample): void {
    const now = sample.at.monotonicNanoseconds;
    let newest = this.#stretches.at(-1);
    // A recording that starts over comes with earlier moments: nothing held fits them.
    if (newest !== undefined && now < newest.startNanoseconds) this.forgetAll();
    newest = this.#stretches.at(-1);
    if (newest === undefined || now - newest.startNanoseconds >= this.#limits.stretchNanoseconds) {
      newest = { startNanoseconds: now, samples: new Map() };
      this.#stretches.push(newest);
    }
    if (newest.samples.has(key)) return;
    newest.samples.set(key, sample);
    this.#count += 1;
    this.#forgetOld(now);
  }

  /** The newest reading that is at least so much older than the moment, or undefined where none is held. */
  find(key: string, asked: { before: bigint; ageNanoseconds: bigint }): Sample | undefined {
    for (let n = this.#stretches.length - 1; n >= 0; n -= 1) {
      const sample = this.#stretches[n]?.samples.get(key);
      if (sample === undefined) continue;
      const age = asked.before - sample.at.monotonicNanoseconds;
      if (age > this.#limits.maximumAgeNanoseconds) return undefined;
      if (age >= asked.ageNanoseconds) return sample;
    }
    return undefined;
  }

  #forgetOld(now: bigint): void {
    for (;;) {
      const oldest = this.#stretches[0];
      if (oldest === undefined || oldest === this.#stretches.at(-1)) return;
      const isOld = now - oldest.startNanoseconds > this.#limits.maximumAgeNanoseconds;
      if (!isOld && this.#count <= this.#limits.maximumReadings) return;
      this.#stretches.shift();
      this.#count -= oldest.samples.size;
    }
  }

  forgetAll(): void {
    this.#stretches = [];
    this.#count = 0;
  }
}
