/** One look at what exists: all that one answer says was read in it. */
import type { Granted } from '../access/access.ts';
import type { Counter } from '../catalogue/counter.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { objectKey } from '../snapshot/object-name.ts';
import type { Reading } from '../snapshot/reading.ts';
import type { ReadingGrowth } from './growth.ts';

/** An object's reading or growth; the error where it could not be read; null where there is nothing to tell yet. */
export type Outcome<Value> = Value | HvqlError | null;

/** Which objects come first. */
export interface Order {
  readonly counter: Counter;
  readonly by: 'VALUE' | 'DELTA' | 'RATE';
  readonly direction: 'ASC' | 'DESC';
}

/** Gives readings of granted objects. What is asked for in one go is read in one go, each object once. */
export interface Look {
  /** What growth is taken over where the question does not say, in milliseconds. */
  readonly defaultOver: number;
  /** When the look was taken. */
  moment(): Promise<Moment>;
  reading(object: Granted): Promise<Outcome<Reading>>;
  /** The object's growth over so many milliseconds, or somewhat more. */
  growth(object: Granted, over: number): Promise<Outcome<ReadingGrowth>>;
  /** The first so many objects in this order, or all. Objects of which the number is unknown come last. */
  first<Name extends Granted>(
    objects: readonly Name[],
    ranking: { order: Order; first: number | null },
  ): Promise<readonly Name[]>;
  /** Reads in one batch what fields will ask for by and by. */
  readAhead(requests: readonly LookRequest[]): Promise<void>;
}

/** What a look is asked for: an object, or no more than the moment; its growth as well where `over` says so. */
export interface LookRequest {
  readonly object: Granted | null;
  readonly over: number | null;
}

/** The same for requests that are the same. */
export function requestKey({ object, over }: LookRequest): string {
  return `${object === null ? 'moment' : objectKey(object)} ${over}`;
}

/** The value of an outcome; throws where it is an error. */
export function valueOf<Value>(outcome: Outcome<Value>): Value | null {
  if (outcome instanceof HvqlError) throw outcome;
  return outcome;
}
