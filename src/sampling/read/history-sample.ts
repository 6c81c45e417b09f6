/** Samples of the past of objects, as resolvers get them. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { Change } from '../change/change.ts';

/** Which part of the past: the last milliseconds, and how far apart samples are at least; null for all. */
export interface HistoryRequest {
  readonly last: number | null;
  readonly step: number | null;
}

/** A past reading, and the change since the sample before it. Each is made when it is asked for. */
export interface ObjectSample {
  readonly at: Moment;
  readonly reading: Reading;
  /** null if nothing earlier of the same life of the object is held. */
  readonly change: Change | null;
}

/** Past readings of several objects at one moment. */
export interface TotalSample extends ObjectSample {
  /** How many objects there are now. */
  readonly of: number;
  /** How many of the objects have a reading at this moment. */
  readonly readable: number;
}

/** Gives the past of granted objects. */
export interface HistoryReader {
  /** The samples of an object, oldest first. */
  of(object: Granted, request: HistoryRequest): readonly ObjectSample[];
  /** The samples of several objects together, oldest first. */
  ofTotal(objects: readonly Granted[], request: HistoryRequest): readonly TotalSample[];
}

/** In place of the past in subscriptions: each event would repeat nearly all of it. */
export const noHistory: HistoryReader = { of: refuse, ofTotal: refuse };

function refuse(): never {
  throw new HvqlError(
    'INVALID_PARAMETER',
    'A subscription has no history: select it in a query, and subscribe to what follows.',
  );
}
