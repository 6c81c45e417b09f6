/** What was read of one object, from any source. Absent is not zero. */
import type { Counter } from '../catalogue/counter.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from './moment.ts';
import type { StatisticsArea } from './object-name.ts';

/** The counters of one object in one snapshot. */
export interface Reading {
  /** The value; undefined if this reading lacks the counter. */
  value(counter: Counter): bigint | undefined;
  /** The overlay page of the reading; null if the source has no pages. */
  readonly page: PageView | null;
  /**
   * When it was taken, if a source reads the objects of one snapshot so far apart that changes need this time;
   * otherwise it was taken at the moment of the snapshot.
   */
  readonly at?: Moment;
  /**
   * The clock that the source read together with a counter of time, in the unit of the counter: percentages are taken
   * against it. undefined if this counter has none; left out if no counter has one.
   */
  base?(counter: Counter): bigint | undefined;
  /** What the source reported under names that the catalogue lacks; left out if its numbers have no names. */
  unnamed?(): readonly UnnamedValue[];
  /** The same numbers in memory, if they are there, to be written without bigints. */
  readonly cells?: CounterCells;
}

/** A number under a name of the source. */
export interface UnnamedValue {
  readonly name: string;
  readonly value: bigint;
}

/** Counters in memory, each a little-endian u64. */
export interface CounterCells {
  readonly view: DataView;
  readonly layout: CellLayout;
}

/**
 * The offsets of counters. The same object for all readings with the same layout, so that facts about it can be
 * cached.
 */
export interface CellLayout {
  /** The offset of the counter, or -1 if it is absent. */
  offsetOf(counter: Counter): number;
}

/** A layout that also has numbers without a counter, and clocks of counters. */
export interface NamedLayout extends CellLayout {
  readonly unnamed: readonly UnnamedCell[];
  /** The offset of the base of a counter, or -1 if it is absent; left out if no counter has one. */
  readonly baseOffsetOf?: ((counter: Counter) => number) | undefined;
}

/** A number without a counter: its name in the source, and its offset. */
export interface UnnamedCell {
  readonly name: string;
  readonly offset: number;
}

/** An overlay page as it was read. */
export interface PageView {
  /** The 4096 bytes. */
  readonly bytes: Uint8Array;
  /** The area of the page; left out for a global object, or if the source has one area only. */
  readonly area?: StatisticsArea | null;
  /** Its groups in the order of the page, unknown ones included. */
  groups(): readonly GroupView[];
}

/** A statistics group of a page. */
export interface GroupView {
  readonly type: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  /** Bytes of counters after the header. */
  readonly lengthInBytes: number;
  /** Whether the catalogue knows the group in this version. */
  readonly isKnown: boolean;
  /** All counters of the group, those without a name included. */
  readonly values: readonly bigint[];
}

/** A batch of readings, taken at one moment. An object that could not be read has its error in its place. */
export interface Readings {
  readonly at: Moment;
  /** One for each requested object, in their order. */
  readonly outcomes: readonly (Reading | HvqlError)[];
}

/** A value; the error if it could not be had; null if there is nothing yet. */
export type Outcome<Value> = Value | HvqlError | null;

/** The value of an outcome. Throws if it is an error. */
export function valueOf<Value>(outcome: Outcome<Value>): Value | null {
  if (outcome instanceof HvqlError) throw outcome;
  return outcome;
}
