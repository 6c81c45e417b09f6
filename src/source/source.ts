/** The interface between the service and the places that statistics come from. */
import type { ObjectName, StatisticsArea } from '../snapshot/object-name.ts';
import type { Past, PastQuestion, PastSample } from '../snapshot/past.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';

/**
 * A place that statistics come from. Nothing runs between calls. `test/contract/source.ts` tests what follows.
 */
export interface Source {
  /** Its kind: 'simulator', 'pages', 'capture'. Guests may see it: no path, no secret. */
  readonly kind: string;
  /** Kind and settings, for the operator and the log. */
  readonly description: string;
  /** The name of the host that it was recorded on; left out by a source that knows none. */
  readonly host?: string | null;
  /** How many lines of text it could not read since it was opened; left out by a source that reads no text. */
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
  /**
   * What it has of the past up to now, in the order of the questions: for each object its readings since it was last
   * absent or reset, thinned as the question says. Left out by a source that has the present only: then the service has
   * what it has read itself. Rejects like `topology`, and with LIMIT_EXCEEDED if there are more samples than `most`.
   */
  past?(questions: readonly PastQuestion[], options: PastOptions): Promise<readonly (readonly Past[])[]>;
  /** `topology` and `read` without promises; left out by a source that always has to wait. */
  readonly sync?: SyncSource;
  /** Releases all resources; may be called more than once. */
  close(): Promise<void>;
}

/**
 * The same functions, which return the result and throw in place of rejecting. null if this call would block the process
 * for too long: then the asynchronous function is to be called.
 */
export interface SyncSource {
  topology(lists?: ReadonlySet<bigint> | null): Topology | null;
  read(objects: readonly ObjectName[]): Readings | null;
}

/** How the past is asked for. */
export interface PastOptions {
  /** How many samples the answers may have together. */
  readonly most: number;
  /** Whether an object was reset between two readings that follow each other. */
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
