/** Readings and changes for resolvers: a response is made from one snapshot. */
import type { Granted } from '../../access/access.ts';
import type { Counter } from '../../catalogue/counter.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import type { Reading, Outcome } from '../../snapshot/reading.ts';
import type { ReadingChange } from '../change/change.ts';
import type { HistoryReader } from './history-sample.ts';

/** The time that a change is taken over: milliseconds, or the time since the previous event. */
export type Over = number | 'PREVIOUS_EVENT';

/** An order of objects by one counter. */
export interface Order {
  readonly counter: Counter;
  readonly by: 'VALUE' | 'DELTA' | 'RATE';
  readonly direction: 'ASC' | 'DESC';
  /** What DELTA and RATE are taken over. */
  readonly over: Over;
}

/** An order of items, and how many of them are wanted; null is all. */
export interface Ranking<Item> {
  readonly order: Order;
  readonly first: number | null;
  /** The object that an item is ranked by, or a list of objects whose total it is ranked by. */
  readonly objectsOf: (item: Item) => Granted | readonly Granted[];
}

/**
 * Gives readings of granted objects, all of one moment. They have been read before, since the operation has been
 * planned, so nothing here waits.
 */
export interface SnapshotReader {
  /** What changes are taken over if the query does not say it. */
  readonly defaultOver: Over;
  /** When the snapshot was taken. Throws PAGE_UNAVAILABLE if the source failed. */
  moment(): Moment;
  /** The object's reading. */
  reading(object: Granted): Outcome<Reading>;
  /** The change of the object over this time, or somewhat longer. */
  change(object: Granted, over: Over): Outcome<ReadingChange>;
  /** What is held of the past, which is not of the snapshot. Throws INVALID_PARAMETER in a subscription. */
  readonly history: HistoryReader;
  /** The first items in an order. Items whose number is unknown come last. */
  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[];
}

/** What a reader needs: an object, or only the moment; with `over`, also the object's change. */
export interface ReadRequest {
  readonly object: Granted | null;
  readonly over: Over | null;
}

/** The request as text, for messages. */
export function requestText({ object, over }: ReadRequest): string {
  return `${object === null ? 'moment' : readingKey(object)} ${over}`;
}

/** The objects of the requests, each once by its name, whichever topology the name is from. */
export function objectsOf(requests: readonly ReadRequest[]): readonly Granted[] {
  const objects = new Map<string, Granted>();
  for (const { object } of requests) if (object !== null) objects.set(readingKey(object), object);
  return [...objects.values()];
}

/** The objects to read, in the order in which they are read, and the changes that are wanted of them. */
export class ReadPlan {
  readonly requests: readonly ReadRequest[];
  /** Always the same array, so that it identifies what was read. */
  readonly objects: readonly Granted[];
  /** The position of each object in `objects`. */
  readonly numbers: ReadonlyMap<Granted, number>;
  /** The requests for changes. */
  readonly changes: readonly ChangeRequest[];

  constructor(requests: readonly ReadRequest[]) {
    this.requests = requests;
    this.objects = objectsOf(requests);
    this.numbers = new Map(this.objects.map((object, n) => [object, n]));
    this.changes = requests.flatMap(({ object, over }) =>
      object === null || over === null ? [] : [{ object, over, number: this.numbers.get(object) ?? 0 }],
    );
  }

  /** Whether nothing is to be read, not even the moment. */
  get isEmpty(): boolean {
    return this.requests.length === 0;
  }
}

/** A change of an object over a time; `number` is the position of the object in the plan. */
export interface ChangeRequest {
  readonly object: Granted;
  readonly over: Over;
  readonly number: number;
}
