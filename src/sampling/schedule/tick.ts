/** One look of a grid, for all who watch: what existed, what was read of it, and what was read before. */
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
  /** What exists; the error where the source as a whole could not say. */
  readonly topology: Topology | HvqlError;
  /** Whose virtual processors were looked for; null is everybody's. Those of others may be as they were. */
  readonly lists: ReadonlySet<bigint> | null;
  readonly snapshot: Snapshot;
  /**
   * What growth up to this tick is taken from: the object's reading in the sight of an earlier event, or one that is
   * about so many milliseconds older; in a first event, which is given null, one that is about as old as the time from
   * one event to the next. null where there is none, or the object has been absent since.
   */
  earlier(object: Granted, from: Snapshot | number | null): TakenSample | null;
}

/** What somebody watches on a grid: what is to be looked at. */
export interface Watcher {
  /** Whose virtual processors it looks for, as far as its plans say; null is everybody's. */
  readonly lists: ReadonlySet<bigint> | null;
  /** What its event will need to have read. Rejects never. */
  requests(topology: Topology): Promise<readonly ReadRequest[]>;
  /** All listeners have been offered this tick: none is offered one before it any more. */
  offered(tick: Tick): void;
}

/** One who is given the ticks of a grid. Never throws. */
export interface TickListener {
  /** Takes the newest tick. */
  onTick(tick: Tick): void;
}
