/** One snapshot for concurrent operations: within one event loop turn, while it is being read, and for some time after. */
import type { Granted } from '../../access/access.ts';
import type { Cancellation } from '../../lib/abort.ts';
import { ExpiringValue } from '../../lib/expiring-value.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { SingleFlight } from '../../lib/single-flight.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import { TakenSnapshot, type ReadSet, type TakenReadings } from './snapshot.ts';

/** How snapshots are read and shared. */
export interface SharedSnapshotsOptions {
  /** A steady clock, in milliseconds. */
  readonly now: () => number;
  /** How long a snapshot is shared, from when its reading began; 0 shares it only within one turn. */
  readonly windowMilliseconds: number;
  /** Reads objects, each once, until the signal is aborted. */
  readonly read: (objects: readonly Granted[], signal: AbortSignal) => Promise<TakenReadings>;
  /** The same without waiting; null where the source has to be waited for. */
  readonly readSync: (objects: readonly Granted[]) => MaybePromise<TakenReadings> | null;
}

/**
 * Snapshots for operations. A response is always of one snapshot: if the newest lacks an object that the operation
 * needs, all its objects are read again. A failed read is shared only by the operations that waited for it.
 */
export class SharedSnapshots {
  readonly #options: SharedSnapshotsOptions;
  readonly #newest: ExpiringValue<TakenSnapshot>;
  readonly #reads: SingleFlight<ReadSet, TakenSnapshot>;

  constructor(options: SharedSnapshotsOptions) {
    this.#options = options;
    this.#newest = new ExpiringValue(options);
    this.#reads = new SingleFlight({ combine: union, run: (set, signal) => this.#read(set, signal) });
  }

  /** The newest snapshot while it is shared, at a time that the caller has read from the clock; else null. */
  newestAt(now: number): TakenSnapshot | null {
    return this.#newest.valueAt(now);
  }

  /**
   * A snapshot of these objects, possibly shared; with `fresh` one whose reading begins now. Rejects like the read, and
   * with the reason of the caller's signal if that is aborted first: the read continues for the other callers.
   */
  snapshotOf(
    set: ReadSet,
    { cancellation, fresh = false }: { cancellation: Cancellation; fresh?: boolean },
  ): MaybePromise<TakenSnapshot> {
    const newest = fresh ? null : this.#newest.value;
    if (newest?.covers(set) === true) return newest;
    const began = this.#newest.begin();
    const readings = this.#options.readSync(set.objects);
    if (readings !== null && !(readings instanceof Promise)) {
      return this.#newest.keep(new TakenSnapshot(set, readings), began);
    }
    if (readings !== null) return readings.then((late) => new TakenSnapshot(set, late));
    const { signal } = cancellation;
    const mayJoin = !fresh && this.#options.windowMilliseconds > 0;
    const joined = mayJoin ? this.#reads.join(signal, (read) => isWithin(set, read)) : null;
    return joined ?? this.#reads.load(set, signal);
  }

  /** Earlier snapshots no longer fit the source's clock. */
  forget(): void {
    this.#newest.forget();
    this.#reads.forget();
  }

  async #read(set: ReadSet, signal: AbortSignal): Promise<TakenSnapshot> {
    const began = this.#newest.begin();
    const readings = await this.#options.read(set.objects, signal);
    return this.#newest.keep(new TakenSnapshot(set, readings), began);
  }
}

function isWithin({ objects }: ReadSet, { objects: read, numbers }: ReadSet): boolean {
  return objects === read || objects.every((object) => numbers.has(object));
}

/** The objects of all sets, each once. The same object may have names of several topologies. */
function union(sets: readonly ReadSet[]): ReadSet {
  const [first] = sets;
  if (first !== undefined && sets.every((set) => set.objects === first.objects)) return first;
  const byKey = new Map(sets.flatMap((set) => set.objects.map((each) => [readingKey(each), each])));
  const objects = [...byKey.values()];
  return { objects, numbers: new Map(objects.map((object, n) => [object, n])) };
}
