/** The look behind one operation: what its fields ask for in one go becomes one batch of the source. */
import DataLoader from 'dataloader';
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { objectKey } from '../snapshot/object-name.ts';
import type { Reading, Readings } from '../snapshot/reading.ts';
import { ReadingGrowth, type Sample } from './growth.ts';
import { requestKey, type Look, type LookRequest, type Order, type Outcome } from './look.ts';
import { growthFor, rank, valueFor } from './rank.ts';

/** What a look needs of the world around it. */
export interface LookWorld {
  /** Reads from the source, within its time limit. Rejects with an HvqlError where the source as a whole fails. */
  readonly read: (objects: readonly Granted[]) => Promise<Readings>;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** The newest reading held that is at least so much older than the moment. */
  readonly findHeld: (key: string, asked: { before: bigint; ageNanoseconds: bigint }) => Sample | undefined;
  readonly defaultOver: number;
}

interface Response {
  readonly at: Moment | HvqlError;
  readonly later: Outcome<Reading>;
  readonly earlier: Outcome<Sample>;
}

/** What a batch of the source gave. */
interface Sight {
  readonly at: Moment | HvqlError;
  readonly outcomeOf: (object: Granted) => Reading | HvqlError;
}

const nanosecondsPerMillisecond = 1_000_000n;

/** A look for a question: growth is taken against a reading that is held, or the answer waits for a second one. */
export class OperationLook implements Look {
  readonly defaultOver: number;
  readonly #world: LookWorld;
  readonly #requests: DataLoader<LookRequest, Response, string>;
  /** So that an object's deltas and rates are made from one growth. */
  readonly #growths = new Map<string, Promise<Outcome<ReadingGrowth>>>();

  constructor(world: LookWorld) {
    this.defaultOver = world.defaultOver;
    this.#world = world;
    this.#requests = new DataLoader((requests) => this.#respond(requests), { cacheKeyFn: requestKey });
  }

  async moment(): Promise<Moment> {
    const { at } = await this.#requests.load({ object: null, over: null });
    if (at instanceof HvqlError) throw at;
    return at;
  }

  async reading(object: Granted): Promise<Outcome<Reading>> {
    return (await this.#requests.load({ object, over: null })).later;
  }

  growth(object: Granted, over: number): Promise<Outcome<ReadingGrowth>> {
    const key = requestKey({ object, over });
    const growth =
      this.#growths.get(key) ??
      this.#requests.load({ object, over }).then((response) => grow(object, response));
    this.#growths.set(key, growth);
    return growth;
  }

  async first<Name extends Granted>(
    objects: readonly Name[],
    { order, first }: { order: Order; first: number | null },
  ): Promise<readonly Name[]> {
    const numbered = objects.map(async (item) => {
      const number =
        order.by === 'VALUE'
          ? valueFor(order, await this.reading(item))
          : growthFor(order, await this.growth(item, this.defaultOver));
      return { item, number };
    });
    return rank(await Promise.all(numbered), order.direction).slice(0, first ?? undefined);
  }

  async readAhead(requests: readonly LookRequest[]): Promise<void> {
    await this.#requests.loadMany(requests);
  }

  /** One moment for the whole batch, after as long a wait as the growths need for which nothing is held. */
  async #respond(requests: readonly LookRequest[]): Promise<Response[]> {
    const objects = objectsOf(requests);
    let sight = await this.#see(objects);
    const waiting = requests.filter((request) => this.#mustWait(request, sight));
    const earlier = new Map<LookRequest, Outcome<Sample>>();
    const overs = [...new Set(waiting.map(({ over }) => over ?? 0))].sort((a, b) => b - a);
    for (const [n, over] of overs.entries()) {
      // The longest interval begins with the look just taken, each shorter one with a look of its own.
      const due = waiting.filter((request) => request.over === over);
      if (n > 0) sight = await this.#see(objectsOf(due));
      for (const request of due) earlier.set(request, sampleOf(request, sight));
      await this.#world.wait(over - (overs[n + 1] ?? 0));
    }
    if (overs.length > 0) sight = await this.#see(objects);
    return requests.map((request) => ({
      at: sight.at,
      later: request.object === null ? null : sight.outcomeOf(request.object),
      earlier: earlier.get(request) ?? this.#held(request, sight),
    }));
  }

  async #see(objects: readonly Granted[]): Promise<Sight> {
    let readings: Readings;
    try {
      readings = await this.#world.read(objects);
    } catch (error) {
      if (!(error instanceof HvqlError)) throw error;
      return { at: error, outcomeOf: () => error };
    }
    const outcomes = new Map(objects.map((object, n) => [objectKey(object), readings.outcomes[n]]));
    return {
      at: readings.at,
      outcomeOf: (object) => {
        const outcome = outcomes.get(objectKey(object));
        if (outcome === undefined) throw new TypeError(`The source left out ${objectKey(object)}`);
        return outcome;
      },
    };
  }

  /** What cannot be read now is not waited for. */
  #mustWait(request: LookRequest, sight: Sight): boolean {
    if (request.object === null || request.over === null) return false;
    return !(sight.outcomeOf(request.object) instanceof HvqlError) && this.#held(request, sight) === null;
  }

  #held({ object, over }: LookRequest, sight: Sight): Sample | null {
    if (object === null || over === null || sight.at instanceof HvqlError) return null;
    const ageNanoseconds = BigInt(over) * nanosecondsPerMillisecond;
    const before = sight.at.monotonicNanoseconds;
    return this.#world.findHeld(objectKey(object), { before, ageNanoseconds }) ?? null;
  }
}

/** The objects of the requests, each once. */
function objectsOf(requests: readonly LookRequest[]): readonly Granted[] {
  const objects = new Map<string, Granted>();
  for (const { object } of requests) if (object !== null) objects.set(objectKey(object), object);
  return [...objects.values()];
}

function sampleOf({ object }: LookRequest, sight: Sight): Outcome<Sample> {
  if (object === null) return null;
  if (sight.at instanceof HvqlError) return sight.at;
  const outcome = sight.outcomeOf(object);
  return outcome instanceof HvqlError ? outcome : { at: sight.at, reading: outcome };
}

function grow(object: Granted, { at, later, earlier }: Response): Outcome<ReadingGrowth> {
  if (later instanceof HvqlError) return later;
  if (at instanceof HvqlError) return at;
  if (later === null || earlier === null || earlier instanceof HvqlError)
    return earlier instanceof HvqlError ? earlier : null;
  return new ReadingGrowth(object.object, { earlier, later: { at, reading: later } });
}
