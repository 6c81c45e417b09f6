/** The interface between the service and the places from which it reads statistics. */
import type { ObjectName, StatisticsArea } from '../snapshot/object-name.ts';
import type { HeldFacts, Past, PastQuestion, PastSample } from '../snapshot/past.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';

/**
 * A place from which the service reads statistics. Nothing runs between calls. `test/contract/source.ts` tests the
 * contract.
 */
export interface Source {
  /** Its kind, such as 'simulator', 'pages' or 'capture'. Guests see it, so it contains neither paths nor secrets. */
  readonly kind: string;
  /** Kind and settings, for operators and the log. */
  readonly description: string;
  /** The name of the host on which it was recorded; absent if the source knows none. */
  readonly host?: string | null;
  /** The number of lines that it could not parse since it was opened; absent if the source reads no text. */
  readonly unreadableLines?: number | null;
  /**
   * The areas that it has pages of now; absent if the source has only the area PARENT, or does not distinguish
   * areas.
   */
  readonly areas?: readonly StatisticsArea[] | null;
  /**
   * Which objects exist now: the same topology object for as long as nothing in it changes. Rejects with
   * PAGE_UNAVAILABLE if the place as a whole cannot be read, and with the signal's reason once it is aborted. If only
   * the logical processors cannot be listed, or the virtual processors of a partition, that list alone is empty and its
   * `listError` says why; only callers who may read what it lists see that message.
   *
   * With `lists`, the caller uses the virtual processors of these partitions only: the lists of others may be out of
   * date, and need not be read.
   */
  topology(signal: AbortSignal, lists?: ReadonlySet<bigint> | null): Promise<Topology>;
  /**
   * Reads a batch of objects. A name may request the area SELF of an object: a source with both areas returns SELF only for
   * such names; a source with one area returns it for all names. A name may request unlisted counters: a source may
   * omit them from the readings of other names. For an object that is gone, unreadable or malformed the result is an
   * HvqlError (PAGE_UNAVAILABLE, PAGE_MALFORMED), and the others are read; rejects only like `topology`. Readings
   * never change.
   */
  read(objects: readonly ObjectName[], signal: AbortSignal): Promise<Readings>;
  /** How much history it has; null if that is unknown, absent for a source without a history. */
  readonly held?: HeldFacts | null;
  /**
   * Its history up to now, in the order of the queries: for each object its readings since it was last
   * absent or reset, thinned as the query says. Absent for a source without a history: then the service uses
   * its own readings. Rejects like `topology`, and with LIMIT_EXCEEDED if there are more samples than `most`.
   */
  past?(questions: readonly PastQuestion[], options: PastOptions): Promise<readonly (readonly Past[])[]>;
  /** `topology` and `read` without promises; absent if the source always has to wait. */
  readonly sync?: SyncSource;
  /** Releases all resources; may be called more than once. */
  close(): Promise<void>;
}

/**
 * The synchronous forms of these functions. They throw where the others reject, and return null if this call would
 * block the process for too long: then call the asynchronous function.
 */
export interface SyncSource {
  topology(lists?: ReadonlySet<bigint> | null): Topology | null;
  read(objects: readonly ObjectName[]): Readings | null;
}

/** A query for the history. */
export interface PastOptions {
  /** The maximum number of samples in all results together. */
  readonly most: number;
  /** Whether an object was reset between two consecutive readings. */
  readonly isReset: IsReset;
  readonly signal: AbortSignal;
}

export type IsReset = (
  name: ObjectName,
  readings: { readonly earlier: PastSample; readonly later: PastSample },
) => boolean;

export interface SourceLog {
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}
