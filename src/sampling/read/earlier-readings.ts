/** The readings that growth up to a sight is taken from: the same for all who share the sight. */
import type { Granted } from '../../access/access.ts';
import type { HvqlError } from '../../errors.ts';
import { changeOf, type ReadingChange } from '../change/change.ts';
import type { Outcome } from '../../snapshot/reading.ts';
import type { TakenSnapshot, TakenSample } from './snapshot.ts';

/** The reading held of an object whose age at the moment is the nearest to the one that is wanted. */
export type FindHeld = (
  object: Granted,
  asked: { before: bigint; age: EarlierAge },
) => TakenSample | undefined;

/** An object by its number in the sight, and the time that its growth is taken over. */
export interface EarlierAsked {
  readonly number: number;
  readonly milliseconds: number;
}

interface Earlier {
  readonly sample: TakenSample | HvqlError;
  change: Outcome<ReadingChange> | undefined;
}

const known = new WeakMap<TakenSnapshot, EarlierReadings>();

/** For a sight, the earlier readings by time and object, and the growth since each, made once. */
export class EarlierReadings {
  readonly #snapshot: TakenSnapshot;
  readonly #byTime = new Map<number, Earlier[]>();

  private constructor(snapshot: TakenSnapshot) {
    this.#snapshot = snapshot;
  }

  /** Those of this sight; they live as long as it does. */
  static of(snapshot: TakenSnapshot): EarlierReadings {
    let readings = known.get(snapshot);
    if (readings === undefined) known.set(snapshot, (readings = new EarlierReadings(snapshot)));
    return readings;
  }

  /** The earlier reading that stands already, or one that is held, which stands from now on; null where none is. */
  find(asked: EarlierAsked & { object: Granted }, findHeld: FindHeld): Outcome<TakenSample> {
    const standing = this.#at(asked);
    if (standing !== undefined) return standing.sample;
    const before = this.#snapshot.at.monotonicNanoseconds;
    const held = findHeld(asked.object, { before, age: ageForOver(asked.milliseconds) });
    if (held !== undefined) this.set(asked, held);
    return held ?? null;
  }

  /** The earlier reading from now on, unless one stands already; null changes nothing. */
  set(asked: EarlierAsked, sample: Outcome<TakenSample>): void {
    if (sample === null) return;
    let readings = this.#byTime.get(asked.milliseconds);
    if (readings === undefined) this.#byTime.set(asked.milliseconds, (readings = []));
    readings[asked.number] ??= { sample, change: undefined };
  }

  /** So that an object's deltas and rates are made from one growth. */
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

/** Bounds, and the age that is preferred between them. */
export interface EarlierAge {
  readonly least: number;
  readonly wanted: number;
  readonly most: number;
}

/** For a change over so many milliseconds: clients that poll at this interval come a little early at times. */
export function ageForOver(milliseconds: number): EarlierAge {
  return { least: (milliseconds * 9) / 10, wanted: milliseconds, most: milliseconds * 2 };
}

/** For the first event of a subscription, which has no event before it. */
export function ageForFirstEvent(everyMilliseconds: number): EarlierAge {
  return { least: everyMilliseconds / 2, wanted: everyMilliseconds, most: everyMilliseconds * 2 };
}
