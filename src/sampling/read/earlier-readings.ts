/** The earlier readings that changes up to a snapshot are taken from, shared by all operations with the snapshot. */
import type { Granted } from '../../access/access.ts';
import type { HvqlError } from '../../errors.ts';
import { changeOf, type ReadingChange } from '../change/change.ts';
import type { Outcome } from '../../snapshot/reading.ts';
import type { TakenSnapshot, TakenSample } from './snapshot.ts';

/** The reading of an object in memory whose age at the given time is nearest to the wanted one. */
export type FindHeld = (
  object: Granted,
  asked: { before: bigint; age: EarlierAge },
) => TakenSample | undefined;

/** An object by its number in the snapshot, and the time that its change is taken over. */
export interface EarlierAsked {
  readonly number: number;
  readonly milliseconds: number;
}

interface Earlier {
  readonly sample: TakenSample | HvqlError;
  change: Outcome<ReadingChange> | undefined;
}

const known = new WeakMap<TakenSnapshot, EarlierReadings>();

/** The earlier readings of a snapshot by length of time and object, and the change since each, computed once. */
export class EarlierReadings {
  readonly #snapshot: TakenSnapshot;
  readonly #byTime = new Map<number, Earlier[]>();

  private constructor(snapshot: TakenSnapshot) {
    this.#snapshot = snapshot;
  }

  /** The earlier readings of this snapshot. They live as long as it does. */
  static of(snapshot: TakenSnapshot): EarlierReadings {
    let readings = known.get(snapshot);
    if (readings === undefined) known.set(snapshot, (readings = new EarlierReadings(snapshot)));
    return readings;
  }

  /** The earlier reading that was set before, or one from memory, which is then set; else null. */
  find(asked: EarlierAsked & { object: Granted }, findHeld: FindHeld): Outcome<TakenSample> {
    const standing = this.#at(asked);
    if (standing !== undefined) return standing.sample;
    const before = this.#snapshot.at.monotonicNanoseconds;
    const held = findHeld(asked.object, { before, age: ageForOver(asked.milliseconds) });
    if (held !== undefined) this.set(asked, held);
    return held ?? null;
  }

  /** Sets the earlier reading unless one is set; null has no effect. */
  set(asked: EarlierAsked, sample: Outcome<TakenSample>): void {
    if (sample === null) return;
    let readings = this.#byTime.get(asked.milliseconds);
    if (readings === undefined) this.#byTime.set(asked.milliseconds, (readings = []));
    readings[asked.number] ??= { sample, change: undefined };
  }

  /** The change since the earlier reading. Deltas and rates of an object share it. */
  change(asked: EarlierAsked & { object: Granted }): Outcome<ReadingChange> {
    const earlier = this.#at(asked);
    const later = this.#snapshot.sampleOf(asked.object);
    if (earlier === undefined) return changeOf(asked.object.object, { earlier: null, later });
    return (earlier.change ??= changeOf(asked.object.object, { earlier: earlier.sample, later }));
  }

  #at({ milliseconds, number }: EarlierAsked): Earlier | undefined {
    return this.#byTime.get(milliseconds)?.[number];
  }
}

/** Bounds of the age of an earlier reading, and the preferred age, in milliseconds before the later one. */
export interface EarlierAge {
  readonly least: number;
  readonly wanted: number;
  readonly most: number;
}

/**
 * For a change over this time. The lower bound is below it, because clients that poll at this interval are sometimes
 * early.
 */
export function ageForOver(milliseconds: number): EarlierAge {
  return { least: (milliseconds * 9) / 10, wanted: milliseconds, most: milliseconds * 2 };
}

/** For the first event of a subscription, which has no previous event. */
export function ageForFirstEvent(everyMilliseconds: number): EarlierAge {
  return { least: everyMilliseconds / 2, wanted: everyMilliseconds, most: everyMilliseconds * 2 };
}
