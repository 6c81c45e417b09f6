/** Samples of the history of objects, in the form that resolvers use. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { Change } from '../change/change.ts';

/** A part of the history: the last milliseconds, and the minimum distance of samples; null for all. */
export interface HistoryRequest {
  readonly last: number | null;
  readonly step: number | null;
}

/** A past reading, and the change since the sample before it. Both are computed on access. */
export interface ObjectSample {
  readonly at: Moment;
  readonly reading: Reading;
  /** null if there is no earlier reading of the same lifetime of the object. */
  readonly change: Change | null;
}

/** Past readings of several objects at one moment. */
export interface TotalSample extends ObjectSample {
  /** How many objects there are now. */
  readonly of: number;
  /** How many of the objects have a reading at this moment. */
  readonly readable: number;
}

/** Returns the history of granted objects. */
export interface HistoryReader {
  /** The samples of an object, oldest first. */
  of(object: Granted, request: HistoryRequest): readonly ObjectSample[];
  /** The samples of several objects together, oldest first. */
  ofTotal(objects: readonly Granted[], request: HistoryRequest): readonly TotalSample[];
}

/** The error in place of the history in subscriptions: each event would repeat nearly all of it. */
export const noHistory: HistoryReader = { of: refuse, ofTotal: refuse };

function refuse(): never {
  throw new HvqlError(
    'INVALID_PARAMETER',
    'A subscription has no history: select it in a query, and subscribe to what follows.',
  );
}
