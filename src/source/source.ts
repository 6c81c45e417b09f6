/** The seam between the service and wherever statistics come from. */
import type { ObjectName, StatisticsArea } from '../snapshot/object-name.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';

/**
 * A place that statistics come from. Nothing runs between the calls. `test/contract/source.ts` says all this as tests.
 */
export interface Source {
  /** Its kind: 'simulator', 'pages', 'capture'. Guests may see it: no path, no secret. */
  readonly kind: string;
  /** Kind and settings, for the operator and the log. */
  readonly description: string;
  /** How many lines of text it could not read since it was opened; left out by one that reads no text. */
  readonly unreadableLines?: number | null;
  /**
   * Of which areas it has pages now; left out by one that has one area only, which is that of the parent, or does not
   * tell them apart.
   */
  readonly areas?: readonly StatisticsArea[] | null;
  /**
   * Which objects exist now: the same topology object for as long as nothing in it changes. Rejects with
   * PAGE_UNAVAILABLE where the place as a whole cannot be read, and with the signal's reason once it is aborted. Where
   * only the logical processors cannot be listed, or the virtual processors of a partition, that list alone is empty
   * and its `listError` says why, in words that only those get to see who may read what it lists.
   *
   * With `lists`, the caller uses the virtual processors of these partitions only: the lists of others may be out of
   * date, and need not be read.
   */
  topology(signal: AbortSignal, lists?: ReadonlySet<bigint> | null): Promise<Topology>;
  /**
   * Reads a batch of objects in one go. A name may ask for the area SELF of an object: where the source has that one, it
   * gives it for such names alone; where it has one area only, it gives that for all. A name may ask for
   * what is unlisted: a source may leave that out of the readings of all other names. An object that is gone, unreadable or malformed has an HvqlError
   * (PAGE_UNAVAILABLE, PAGE_MALFORMED) in its place and the others are read; rejects only like `topology`.
   * Readings stay valid and unchanged for as long as they are held.
   */
  read(objects: readonly ObjectName[], signal: AbortSignal): Promise<Readings>;
  /** The way to ask without a promise; absent where an answer always has to be waited for. */
  readonly sync?: SyncSource;
  /** Lets go of everything; may be called more than once. */
  close(): Promise<void>;
}

/**
 * The same questions, answered before the call returns: they throw where the others reject. null where this answer has
 * to be waited for, because it would hold up the process for long: then the others are asked.
 */
export interface SyncSource {
  topology(lists?: ReadonlySet<bigint> | null): Topology | null;
  read(objects: readonly ObjectName[]): Readings | null;
}

export interface SourceLog {
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}
