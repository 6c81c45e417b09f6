/** One look for all who ask at once: in the same turn, while it is being read, and for a short time after. */
import DataLoader from 'dataloader';
import type { Granted } from '../../access/access.ts';
import type { Clock } from '../../snapshot/moment.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import { SharedAbort, type Cancellation } from '../../lib/shared-abort.ts';
import { unlessAborted } from '../../lib/abort.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { TakenSnapshot, type ReadSet, type TakenReadings } from './snapshot.ts';
import { ExpiringValue } from './expiring-value.ts';

/** How looks are read, and shared. */
export interface SharedSnapshotsOptions {
  readonly clock: Clock;
  /** For so long a look is shared, counted from when its reading began; 0 is not at all. */
  readonly windowMilliseconds: number;
  /** Reads objects, each once, until the signal is aborted. */
  readonly read: (objects: readonly Granted[], signal: AbortSignal) => Promise<TakenReadings>;
  /** The same where nothing has to be waited for; null where it is not so. */
  readonly readSync: (objects: readonly Granted[]) => MaybePromise<TakenReadings> | null;
}

interface ReadCall {
  readonly set: ReadSet;
  readonly signal: AbortSignal;
}

/** A look that is being read. */
interface ReadUnderWay {
  readonly set: ReadSet;
  readonly sharedAbort: SharedAbort;
  readonly snapshot: Promise<TakenSnapshot>;
}

/**
 * Looks for questions. One answer is always of one look: where the newest does not have all that a question needs, all
 * of it is read anew. A look that failed is for those who waited for it and for nobody else.
 */
export class SharedSnapshots {
  readonly #world: SharedSnapshotsOptions;
  readonly #newest: ExpiringValue<TakenSnapshot>;
  #underWay: ReadUnderWay | null = null;
  readonly #loader = new DataLoader<ReadCall, TakenSnapshot>((calls) => this.#readAll(calls), {
    cache: false,
  });

  constructor(world: SharedSnapshotsOptions) {
    this.#world = world;
    this.#newest = new ExpiringValue(world);
  }

  /** The newest look, while it is shared; else null. */
  get newest(): TakenSnapshot | null {
    return this.#newest.value;
  }

  /** The same at a time that somebody has already asked for. */
  newestAt(now: bigint): TakenSnapshot | null {
    return this.#newest.valueAt(now);
  }

  /**
   * A look at these objects, which may be shared; with `anew` one whose reading begins now. Rejects with what the
   * reading does, and with the reason of the asker's signal where that is aborted first: the others' reading goes on.
   */
  snapshotOf(
    set: ReadSet,
    { cancellation, fresh = false }: { cancellation: Cancellation; fresh?: boolean },
  ): MaybePromise<TakenSnapshot> {
    const newest = fresh ? null : this.newest;
    if (newest?.covers(set) === true) return newest;
    const began = this.#newest.begin();
    const readings = this.#world.readSync(set.objects);
    if (readings !== null && !(readings instanceof Promise)) {
      return this.#newest.keep(new TakenSnapshot(set, readings), began);
    }
    if (readings !== null) return readings.then((late) => new TakenSnapshot(set, late));
    const { signal } = cancellation;
    return unlessAborted(
      (fresh ? null : this.#join(set, signal)) ?? this.#loader.load({ set, signal }),
      signal,
    );
  }

  /** What was read has no place in time any more. */
  forget(): void {
    this.#newest.forget();
    this.#underWay = null;
  }

  /** The look that is being read, where it reads all that is needed and still has somebody to wait for it. */
  #join(set: ReadSet, signal: AbortSignal): Promise<TakenSnapshot> | null {
    if (this.#world.windowMilliseconds === 0 || this.#underWay === null) return null;
    const { sharedAbort, set: read, snapshot } = this.#underWay;
    if (sharedAbort.signal.aborted || !isWithin(set, read)) return null;
    sharedAbort.add(signal);
    return snapshot;
  }

  /** Sources that have to be waited for are read once for all questions of a turn. */
  async #readAll(calls: readonly ReadCall[]): Promise<TakenSnapshot[]> {
    const set = together(calls);
    const sharedAbort = new SharedAbort();
    for (const { signal } of calls) sharedAbort.add(signal);
    const began = this.#newest.begin();
    const snapshot = this.#world
      .read(set.objects, sharedAbort.signal)
      .then((readings) => this.#newest.keep(new TakenSnapshot(set, readings), began));
    const underWay = { set, sharedAbort, snapshot };
    this.#underWay = underWay;
    try {
      const read = await snapshot;
      return calls.map(() => read);
    } finally {
      sharedAbort.close();
      if (this.#underWay === underWay) this.#underWay = null;
    }
  }
}

function isWithin({ objects }: ReadSet, { objects: read, numbers }: ReadSet): boolean {
  return objects === read || objects.every((object) => numbers.has(object));
}

/** The objects of all, each once, whatever topologies their names are of. */
function together(calls: readonly ReadCall[]): ReadSet {
  const [first] = calls;
  if (first !== undefined && calls.every(({ set }) => set.objects === first.set.objects)) return first.set;
  const byKey = new Map(calls.flatMap(({ set }) => set.objects.map((each) => [readingKey(each), each])));
  const objects = [...byKey.values()];
  return { objects, numbers: new Map(objects.map((object, n) => [object, n])) };
}
