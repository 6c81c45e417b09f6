/** One look at what exists: all that one answer says was read in it. */
import type { Granted } from '../../access/access.ts';
import type { Counter } from '../../catalogue/counter.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import type { Reading, Outcome } from '../../snapshot/reading.ts';
import type { ReadingChange } from '../change/change.ts';

/** The time that growth is taken over: so many milliseconds, or the time since the event before. */
export type Over = number | 'PREVIOUS_EVENT';

/** Which objects come first. */
export interface Order {
  readonly counter: Counter;
  readonly by: 'VALUE' | 'DELTA' | 'RATE';
  readonly direction: 'ASC' | 'DESC';
}

/** An order of items, and how many of them come of it; null is all. */
export interface Ranking<Item> {
  readonly order: Order;
  readonly first: number | null;
  /** The object that an item is ranked by; a list of objects where it is ranked by all of them together. */
  readonly objectsOf: (item: Item) => Granted | readonly Granted[];
}

/**
 * Gives readings of granted objects, all of one moment and read before they are asked for: by then the operation has
 * been planned. So nothing here waits.
 */
export interface SnapshotReader {
  /** What growth is taken over where the question does not say. */
  readonly defaultOver: Over;
  /** When the look was taken. Throws PAGE_UNAVAILABLE where there was none. */
  moment(): Moment;
  /** The object's reading. */
  reading(object: Granted): Outcome<Reading>;
  /** The object's growth over so long, or somewhat longer. */
  change(object: Granted, over: Over): Outcome<ReadingChange>;
  /** The first items in an order. Those of which the number is unknown come last. */
  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[];
}

/** What a look is asked for: an object, or no more than the moment; its growth as well where `over` is not null. */
export interface ReadRequest {
  readonly object: Granted | null;
  readonly over: Over | null;
}

/** The request in words, for messages. */
export function requestText({ object, over }: ReadRequest): string {
  return `${object === null ? 'moment' : readingKey(object)} ${over}`;
}

/** The objects of the requests, each once: by its name, whatever topology that is of. */
export function objectsOf(requests: readonly ReadRequest[]): readonly Granted[] {
  const objects = new Map<string, Granted>();
  for (const { object } of requests) if (object !== null) objects.set(readingKey(object), object);
  return [...objects.values()];
}

/** The objects to read, in the order in which they are read, and the growth that is wanted of them. */
export class ReadPlan {
  readonly requests: readonly ReadRequest[];
  /** The very same array each time: whoever has read it before may know it by that. */
  readonly objects: readonly Granted[];
  /** Where an object stands among the objects. */
  readonly numbers: ReadonlyMap<Granted, number>;
  /** The requests for growth alone. */
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

/** Growth of an object over a time; `number` is where it stands among the objects. */
export interface ChangeRequest {
  readonly object: Granted;
  readonly over: Over;
  readonly number: number;
}
