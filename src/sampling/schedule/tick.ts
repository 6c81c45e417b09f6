/** One tick of a scheduler: what existed, what was read of it, and the earlier readings. */
import type { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Granted } from '../../access/access.ts';
import type { ReadRequest } from '../read/snapshot-reader.ts';
import type { Snapshot, TakenSample } from '../read/snapshot.ts';

/** What a tick found. */
export interface Tick {
  /** When it began, on the service's own clock. */
  readonly began: Moment;
  /** The topology; the error if the source as a whole failed. */
  readonly topology: Topology | HvqlError;
  /** The partitions whose virtual processors were listed; null for all. Others may be those of an earlier tick. */
  readonly lists: ReadonlySet<bigint> | null;
  readonly snapshot: Snapshot;
  /**
   * The sample that a change up to this tick is taken from: the reading of the object in the snapshot of an earlier
   * event, or one that is about this many milliseconds older; with null, for a first event, one that is about one
   * interval old. null if that does not exist or the object has been absent since.
   */
  earlier(object: Granted, from: Snapshot | number | null): TakenSample | null;
}

/** What is to be read at each tick. */
export interface Watcher {
  /** The partitions whose virtual processors its plans need; null for all. */
  readonly lists: ReadonlySet<bigint> | null;
  /** The requests for its next event. Never rejects. */
  requests(topology: Topology): Promise<readonly ReadRequest[]>;
  /** Called when all listeners have been offered this tick: none will be offered an earlier one. */
  offered(tick: Tick): void;
}

/** Receives the ticks of a scheduler. Never throws. */
export interface TickListener {
  /** Receives the newest tick. */
  onTick(tick: Tick): void;
}
