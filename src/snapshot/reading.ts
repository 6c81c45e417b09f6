/** What was read of one object: the common currency of all sources. Absent is not zero. */
import type { Counter } from '../catalogue/counter.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from './moment.ts';
import type { StatisticsArea } from './object-name.ts';

/** The counters of one object as one look found them. */
export interface Reading {
  /** The number as it stands, or undefined where this reading does not carry the counter. */
  value(counter: Counter): bigint | undefined;
  /** The overlay page behind the reading; null where the source has no pages. */
  readonly page: PageView | null;
  /**
   * When it was taken, where a source reads the objects of one look so far apart that growth has to be taken against
   * this; without it, at the moment of the look.
   */
  readonly at?: Moment;
  /**
   * The clock that the source read together with a counter of time, in the counter's own unit: what its percentages are
   * taken against. undefined where there is none for this counter; left out where the source has none at all.
   */
  base?(counter: Counter): bigint | undefined;
  /** What the source reported under names that the catalogue does not have; left out where its numbers have no names. */
  unnamed?(): readonly UnnamedValue[];
  /** The same numbers as they stand in memory, where they do; for whoever writes them without a bigint in between. */
  readonly cells?: CounterCells;
}

/** A number under a name of the source's own. */
export interface UnnamedValue {
  readonly name: string;
  readonly value: bigint;
}

/** Counters in memory, each a little-endian u64. */
export interface CounterCells {
  readonly view: DataView;
  readonly layout: CellLayout;
}

/** Where counters stand. The same object for all readings that are laid out alike: what was found for one holds for all. */
export interface CellLayout {
  /** The byte where the counter stands, or -1 where it is absent. */
  offsetOf(counter: Counter): number;
}

/** A layout in which numbers without a counter have their places as well, and clocks that belong to one. */
export interface NamedLayout extends CellLayout {
  readonly unnamed: readonly UnnamedCell[];
  /** The byte where the base of a counter stands, or -1 where it is absent; left out where no counter has one. */
  readonly baseOffsetOf?: ((counter: Counter) => number) | undefined;
}

/** A number without a counter: the name that the source has for it, and the byte where it stands. */
export interface UnnamedCell {
  readonly name: string;
  readonly offset: number;
}

/** An overlay page as it stands, for those who want to see it. */
export interface PageView {
  /** The 4096 bytes. */
  readonly bytes: Uint8Array;
  /** The area that it is the page of; left out where it is a global object's, or the source has one area only. */
  readonly area?: StatisticsArea | null;
  /** Its groups in the order of the page, the unknown ones as well. */
  groups(): readonly GroupView[];
}

/** A statistics group as it stands in a page. */
export interface GroupView {
  readonly type: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  /** Bytes of counters after the header. */
  readonly lengthInBytes: number;
  /** Whether the catalogue knows the group in this version. */
  readonly isKnown: boolean;
  /** All counters of the group, those without a name as well. */
  readonly values: readonly bigint[];
}

/** A batch of readings, taken at one moment. An object that could not be read has its error in its place. */
export interface Readings {
  readonly at: Moment;
  /** As many as objects were asked for, in their order. */
  readonly outcomes: readonly (Reading | HvqlError)[];
}

/** A value; the error where there is none for a reason; null where there is nothing to tell yet. */
export type Outcome<Value> = Value | HvqlError | null;

/** The value of an outcome; throws where it is an error. */
export function valueOf<Value>(outcome: Outcome<Value>): Value | null {
  if (outcome instanceof HvqlError) throw outcome;
  return outcome;
}
