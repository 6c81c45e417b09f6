/** A look that takes notes: which of what an answer says came out of it, and what of it cannot be told apart. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { ReadingChange } from '../sampling/change/change.ts';
import type { SnapshotReader, Over, Ranking } from '../sampling/read/snapshot-reader.ts';
import type { Outcome } from '../snapshot/outcome.ts';
import type { Moment } from '../snapshot/moment.ts';
import type { Reading } from '../snapshot/reading.ts';

/** What a reading or a growth was taken from: the same may be taken again, and be another one. */
export interface Origin {
  readonly object: Granted;
  /** What growth is taken over; null for a reading. */
  readonly over: Over | null;
}

/** Notes what is taken from another look. */
export class RecordingSnapshotReader implements SnapshotReader {
  readonly defaultOver: Over;
  /** Readings and growths that were taken; moments; and orders, after which anything may stand anywhere. */
  readonly taken = { outcomes: 0, moments: 0, orders: 0 };
  readonly #reader: SnapshotReader;
  readonly #origins = new Map<unknown, Origin>();

  constructor(reader: SnapshotReader) {
    this.#reader = reader;
    this.defaultOver = reader.defaultOver;
  }

  /** What a value was taken from; undefined for what is none of the look's own. */
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
