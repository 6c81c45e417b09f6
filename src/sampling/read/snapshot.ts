/** The result of one read of the source: the outcome of each object, all read at the same time. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import { memoryInBytesOf } from '../../snapshot/packed-reading.ts';
import type { Reading, Readings, Outcome } from '../../snapshot/reading.ts';
import type { Sample } from '../change/change.ts';
import type { ReadPlan } from './snapshot-reader.ts';

/** Readings with the number of the last absence before they began, from `Absences`. */
export interface TakenReadings extends Readings {
  readonly absencesBefore: number;
}

/** A sample with that number. */
export interface TakenSample extends Sample, Pick<TakenReadings, 'absencesBefore'> {}

/** Outcomes of some objects. If the source failed as a whole, its error is the outcome of each. */
export interface Snapshot {
  readonly at: Moment | HvqlError;
  /** The approximate memory that its readings take. */
  readonly memoryInBytes: number;
  /** The object's reading; null for an object that was not requested. */
  sampleOf(object: Granted): Outcome<TakenSample>;
}

/** Objects to read, and the position of each among them, from a `ReadPlan`. */
export type ReadSet = Pick<ReadPlan, 'objects' | 'numbers'>;

/** A snapshot of objects that were read. */
export class TakenSnapshot implements Snapshot {
  readonly at: Moment;
  readonly #set: ReadSet;
  readonly #outcomes: Readings['outcomes'];
  readonly #absencesBefore: number;
  /** The number after the last one that was looked up: operations read in the order of their plan. */
  #next = 0;
  /** Made when the first name of another topology is looked up. */
  #numbersByKey: ReadonlyMap<string, number> | undefined;

  constructor(set: ReadSet, { at, outcomes, absencesBefore }: TakenReadings) {
    this.at = at;
    this.#set = set;
    this.#outcomes = outcomes;
    this.#absencesBefore = absencesBefore;
  }

  /** The same content with another identity, for values that are cached by the snapshot. */
  copy(): TakenSnapshot {
    return new TakenSnapshot(this.#set, {
      at: this.at,
      outcomes: this.#outcomes,
      absencesBefore: this.#absencesBefore,
    });
  }

  get memoryInBytes(): number {
    return this.#outcomes.reduce(
      (bytes, outcome) => bytes + (outcome instanceof HvqlError ? 0 : memoryInBytesOf(outcome)),
      0,
    );
  }

  /** Whether all these objects were read. */
  covers({ objects }: Pick<ReadSet, 'objects'>): boolean {
    return objects === this.#set.objects || objects.every((object) => this.numberOf(object) !== undefined);
  }

  /** The object's number in this snapshot; undefined for an object that was not read. */
  numberOf(object: Granted): number | undefined {
    const { objects, numbers } = this.#set;
    const number = objects[this.#next] === object ? this.#next : numbers.get(object);
    if (number !== undefined) {
      this.#next = number + 1;
      return number;
    }
    this.#numbersByKey ??= new Map(this.#set.objects.map((each, n) => [readingKey(each), n]));
    return this.#numbersByKey.get(readingKey(object));
  }

  /** The outcome of the object with this number. */
  outcomeAt(number: number): Outcome<Reading> {
    return this.#outcomes[number] ?? null;
  }

  sampleOf(object: Granted): Outcome<TakenSample> {
    const number = this.numberOf(object);
    const outcome = number === undefined ? null : this.outcomeAt(number);
    if (outcome === null || outcome instanceof HvqlError) return outcome;
    return { at: this.at, reading: outcome, absencesBefore: this.#absencesBefore };
  }
}

/** The snapshot of a source that failed as a whole. */
export function failedSnapshot(error: HvqlError): Snapshot {
  return { at: error, memoryInBytes: 0, sampleOf: () => error };
}

/** Reads objects. Rejects only with errors that are not an HvqlError. */
export async function readSnapshot(
  set: ReadSet,
  read: (objects: readonly Granted[]) => Promise<TakenReadings>,
): Promise<Snapshot> {
  try {
    return new TakenSnapshot(set, await read(set.objects));
  } catch (error) {
    if (!(error instanceof HvqlError)) throw error;
    return failedSnapshot(error);
  }
}
