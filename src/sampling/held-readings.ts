/** Readings that earlier questions left behind, so that a rate need not wait for a second one. Bounded; no timer. */
import { HvqlError } from '../errors.ts';
import { readingKey, type ObjectName } from '../snapshot/object-name.ts';
import type { Absences } from './absences.ts';
import type { TakenReadings, TakenSample } from './sight.ts';

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
  readonly samples: Map<string, TakenSample>;
  /** Lists of objects of which each has a reading here: nothing more of them is held in this stretch. */
  readonly whole: WeakSet<readonly ObjectName[]>;
}

/** Readings of the recent past by object key: objects outlive the topologies that name them. */
export class HeldReadings {
  readonly #absences: Absences;
  readonly #limits: HoldingLimits;
  /** Oldest first. */
  #stretches: Stretch[] = [];
  #count = 0;

  constructor(absences: Absences, limits: HoldingLimits = defaultHoldingLimits) {
    this.#absences = absences;
    this.#limits = limits;
  }

  /** Holds what was read of these objects. The same list again in the same stretch of time costs next to nothing. */
  hold(objects: readonly ObjectName[], { at, outcomes, absencesBefore }: TakenReadings): void {
    if (objects.length === 0) return;
    const stretch = this.#stretchAt(at.monotonicNanoseconds);
    if (stretch.whole.has(objects)) return;
    let isWhole = true;
    for (const [n, object] of objects.entries()) {
      const reading = outcomes[n];
      if (reading === undefined || reading instanceof HvqlError) isWhole = false;
      else this.#hold(stretch, { key: readingKey(object), sample: { at, reading, absencesBefore } });
    }
    if (isWhole) stretch.whole.add(objects);
    this.#forgetOld(at.monotonicNanoseconds);
  }

  /**
   * The newest reading that is at least so much older than the moment, or undefined where none is held. The object has
   * not been seen to be absent since.
   */
  find(object: ObjectName, asked: { before: bigint; ageNanoseconds: bigint }): TakenSample | undefined {
    const key = readingKey(object);
    for (let n = this.#stretches.length - 1; n >= 0; n -= 1) {
      const sample = this.#stretches[n]?.samples.get(key);
      if (sample === undefined) continue;
      const age = asked.before - sample.at.monotonicNanoseconds;
      if (age > this.#limits.maximumAgeNanoseconds) return undefined;
      if (!this.#absences.isOngoing(object, sample.absencesBefore)) return undefined;
      if (age >= asked.ageNanoseconds) return sample;
    }
    return undefined;
  }

  #stretchAt(now: bigint): Stretch {
    let newest = this.#stretches.at(-1);
    // A recording that starts over comes with earlier moments: nothing held fits them.
    if (newest !== undefined && now < newest.startNanoseconds) this.forgetAll();
    newest = this.#stretches.at(-1);
    if (newest === undefined || now - newest.startNanoseconds >= this.#limits.stretchNanoseconds) {
      newest = { startNanoseconds: now, samples: new Map(), whole: new WeakSet() };
      this.#stretches.push(newest);
    }
    return newest;
  }

  #hold({ samples }: Stretch, { key, sample }: { key: string; sample: TakenSample }): void {
    if (samples.has(key)) return;
    samples.set(key, sample);
    this.#count += 1;
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
