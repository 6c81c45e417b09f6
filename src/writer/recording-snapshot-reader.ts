/** A snapshot reader that records what is read through it, to find the slots of a response template. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { ReadingChange } from '../sampling/change/change.ts';
import type { SnapshotReader, Over, Ranking } from '../sampling/read/snapshot-reader.ts';
import type { Outcome, Reading } from '../snapshot/reading.ts';
import type { Moment } from '../snapshot/moment.ts';

/** The object and interval of a reading or a change, to read it again from another snapshot. */
export interface Origin {
  readonly object: Granted;
  /** The interval of a change; null for a reading. */
  readonly over: Over | null;
}

/** Records what is read through another reader. */
export class RecordingSnapshotReader implements SnapshotReader {
  readonly defaultOver: Over;
  /** How many readings and changes, times, and sorted lists were taken. A sorted list makes positions unpredictable. */
  readonly taken = { outcomes: 0, moments: 0, orders: 0 };
  readonly #reader: SnapshotReader;
  readonly #origins = new Map<unknown, Origin>();

  constructor(reader: SnapshotReader) {
    this.#reader = reader;
    this.defaultOver = reader.defaultOver;
  }

  /** The origin of a value; undefined if the value was not read through this reader. */
  originOf(value: unknown): Origin | undefined {
    return this.#origins.get(value);
  }

  moment(): Moment {
    this.taken.moments += 1;
    return this.#reader.moment();
  }

  reading(object: Granted): Outcome<Reading> {
    return this.#record(this.#reader.reading(object), { object, over: null });
  }

  change(object: Granted, over: Over): Outcome<ReadingChange> {
    return this.#record(this.#reader.change(object, over), { object, over });
  }

  /** Makes positions unpredictable as well. */
  get history(): SnapshotReader['history'] {
    this.taken.orders += 1;
    return this.#reader.history;
  }

  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[] {
    this.taken.orders += 1;
    return this.#reader.first(items, ranking);
  }

  #record<Value>(outcome: Outcome<Value>, origin: Origin): Outcome<Value> {
    this.taken.outcomes += 1;
    if (outcome !== null && !(outcome instanceof HvqlError)) this.#origins.set(outcome, origin);
    return outcome;
  }
}
