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
  /** How many lines of text it could not read since it was opened; absent if the source reads no text. */
  readonly unreadableLines?: number | null;
  /**
   * The areas that it has pages of now; left out by a source that has the area PARENT only, or does not distinguish
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
   * Reads a batch of objects. A name may request the area SELF of an object: a source with both areas gives SELF for such
   * names only; a source with one area gives that for all names. A name may request unlisted counters: a source may
   * leave them out of the readings of other names. An object that is gone, unreadable or malformed has an HvqlError
   * (PAGE_UNAVAILABLE, PAGE_MALFORMED) in its place and the others are read; rejects only like `topology`. Readings
   * stay valid and unchanged for as long as they are held.
   */
  read(objects: readonly ObjectName[], signal: AbortSignal): Promise<Readings>;
  /** How much it holds of the past; null if that is not known, left out by a source that holds nothing itself. */
  readonly held?: HeldFacts | null;
  /**
   * What it has of the past up to now, in the order of the questions: for each object its readings since it was last
   * absent or reset, thinned as the question says. Left out by a source that has the present only: then the service has
   * what it has read itself. Rejects like `topology`, and with LIMIT_EXCEEDED if there are more samples than `most`.
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

/** What a request for the past asks for. */
export interface PastOptions {
  /** The maximum number of samples in all answers together. */
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
