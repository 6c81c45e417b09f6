/** One look for all who ask at once: in the same turn, while it is being read, and for a short time after. */
import DataLoader from 'dataloader';
import type { Granted } from '../access/access.ts';
import type { Clock } from '../snapshot/moment.ts';
import { readingKey } from '../snapshot/object-name.ts';
import { SharedAbort, type Cancellation } from '../lib/shared-abort.ts';
import { unlessAborted } from './deadline.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { ReadSight, type Seen, type TakenReadings } from './sight.ts';
import { ExpiringValue } from './expiring-value.ts';

/** How looks are read, and shared. */
export interface SharedLooksWorld {
  readonly clock: Clock;
  /** For so long a look is shared, counted from when its reading began; 0 is not at all. */
  readonly windowMilliseconds: number;
  /** Reads objects, each once, until the signal is aborted. */
  readonly read: (objects: readonly Granted[], signal: AbortSignal) => Promise<TakenReadings>;
  /** The same where nothing has to be waited for; null where it is not so. */
  readonly readSync: (objects: readonly Granted[]) => MaybePromise<TakenReadings> | null;
}

interface Ask {
  readonly seen: Seen;
  readonly signal: AbortSignal;
}

/** A look that is being read. */
interface UnderWay {
  readonly seen: Seen;
  readonly audience: SharedAbort;
  readonly sight: Promise<ReadSight>;
}

/**
 * Looks for questions. One answer is always of one look: where the newest does not have all that a question needs, all
 * of it is read anew. A look that failed is for those who waited for it and for nobody else.
 */
export class SharedLooks {
  readonly #world: SharedLooksWorld;
  readonly #newest: ExpiringValue<ReadSight>;
  #underWay: UnderWay | null = null;
  readonly #asks = new DataLoader<Ask, ReadSight>((asks) => this.#readAll(asks), { cache: false });

  constructor(world: SharedLooksWorld) {
    this.#world = world;
    this.#newest = new ExpiringValue(world);
  }

  /** The newest look, while it is shared; else null. */
  get newest(): ReadSight | null {
    return this.#newest.value;
  }

  /** The same at a time that somebody has already asked for. */
  newestAt(now: bigint): ReadSight | null {
    return this.#newest.valueAt(now);
  }

  /**
   * A look at these objects, which may be shared; with `anew` one whose reading begins now. Rejects with what the
   * reading does, and with the reason of the asker's signal where that is aborted first: the others' reading goes on.
   */
  see(seen: Seen, { asker, anew = false }: { asker: Cancellation; anew?: boolean }): MaybePromise<ReadSight> {
    const newest = anew ? null : this.newest;
    if (newest?.covers(seen) === true) return newest;
    const began = this.#newest.begin();
    const readings = this.#world.readSync(seen.objects);
    if (readings !== null && !(readings instanceof Promise)) {
      return this.#newest.keep(new ReadSight(seen, readings), began);
    }
    if (readings !== null) return readings.then((late) => new ReadSight(seen, late));
    const { signal } = asker;
    return unlessAborted(
      (anew ? null : this.#join(seen, signal)) ?? this.#asks.load({ seen, signal }),
      signal,
    );
  }

  /** What was read has no place in time any more. */
  forget(): void {
    this.#newest.forget();
    this.#underWay = null;
  }

  /** The look that is being read, where it reads all that is needed and still has somebody to wait for it. */
  #join(seen: Seen, signal: AbortSignal): Promise<ReadSight> | null {
    if (this.#world.windowMilliseconds === 0 || this.#underWay === null) return null;
    const { audience, seen: read, sight } = this.#underWay;
    if (audience.signal.aborted || !isWithin(seen, read)) return null;
    audience.add(signal);
    return sight;
  }

  /** Sources that have to be waited for are read once for all questions of a turn. */
  async #readAll(asks: readonly Ask[]): Promise<ReadSight[]> {
    const seen = together(asks);
    const audience = new SharedAbort();
    for (const { signal } of asks) audience.add(signal);
    const began = this.#newest.begin();
    const sight = this.#world
      .read(seen.objects, audience.signal)
      .then((readings) => this.#newest.keep(new ReadSight(seen, readings), began));
    const underWay = { seen, audience, sight };
    this.#underWay = underWay;
    try {
      const read = await sight;
      return asks.map(() => read);
    } finally {
      audience.close();
      if (this.#underWay === underWay) this.#underWay = null;
    }
  }
}

function isWithin({ objects }: Seen, { objects: read, numbers }: Seen): boolean {
  return objects === read || objects.every((object) => numbers.has(object));
}

/** The objects of all, each once, whatever topologies their names are of. */
function together(asks: readonly Ask[]): Seen {
  const [first] = asks;
  if (first !== undefined && asks.every(({ seen }) => seen.objects === first.seen.objects)) return first.seen;
  const byKey = new Map(asks.flatMap(({ seen }) => seen.objects.map((each) => [readingKey(each), each])));
  const objects = [...byKey.values()];
  return { objects, numbers: new Map(objects.map((object, n) => [object, n])) };
}
