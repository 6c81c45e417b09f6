/** The look behind one question: what its plan names is read in one batch of the source. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { objectKey } from '../snapshot/object-name.ts';
import type { Reading, Readings } from '../snapshot/reading.ts';
import { growthOf, type ReadingGrowth, type Sample } from './growth.ts';
import { objectsOf, requestKey, type Look, type LookRequest, type Over, type Ranking } from './look.ts';
import type { Outcome } from './outcome.ts';
import { firstOf } from './rank.ts';
import { see, type Sight } from './sight.ts';

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
  readonly later: Outcome<Sample>;
  readonly earlier: Outcome<Sample>;
}

const nanosecondsPerMillisecond = 1_000_000n;

/** A look for a question: growth is taken against a reading that is held, or the answer waits for a second one. */
export class OperationLook implements Look {
  readonly defaultOver: number;
  readonly #world: LookWorld;
  readonly #responses = new Map<string, Response>();
  /** So that an object's deltas and rates are made from one growth. */
  readonly #growths = new Map<string, Outcome<ReadingGrowth>>();

  constructor(world: LookWorld) {
    this.defaultOver = world.defaultOver;
    this.#world = world;
  }

  /** Reads all that will be asked for, in one batch. The requests are those of a plan: each once. */
  async readAhead(requests: readonly LookRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const responses = await this.#respond(requests);
    for (const [n, request] of requests.entries()) {
      const response = responses[n];
      if (response !== undefined) this.#responses.set(requestKey(request), response);
    }
  }

  moment(): Moment {
    const { at } = this.#response({ object: null, over: null });
    if (at instanceof HvqlError) throw at;
    return at;
  }

  reading(object: Granted): Outcome<Reading> {
    const { later } = this.#response({ object, over: null });
    return later instanceof HvqlError ? later : (later?.reading ?? null);
  }

  growth(object: Granted, over: Over): Outcome<ReadingGrowth> {
    const key = requestKey({ object, over });
    const known = this.#growths.get(key);
    if (known !== undefined) return known;
    const growth = growthOf(object.object, this.#response({ object, over }));
    this.#growths.set(key, growth);
    return growth;
  }

  first<Name extends Granted>(objects: readonly Name[], ranking: Ranking): readonly Name[] {
    return firstOf(this, { objects, ...ranking });
  }

  #response(request: LookRequest): Response {
    const response = this.#responses.get(requestKey(request));
    // What a resolver asks for, the plan of its operation has noted: it called the same resolver.
    if (response === undefined) throw new TypeError(`${requestKey(request)} was not planned`);
    return response;
  }

  /** One moment for the whole batch, after as long a wait as the growths need for which nothing is held. */
  async #respond(requests: readonly LookRequest[]): Promise<Response[]> {
    const objects = objectsOf(requests);
    let sight = await this.#see(objects);
    const waiting = requests.filter((request) => this.#mustWait(request, sight));
    // For whoever need not wait: the others' wait may outlast what is held.
    const held = new Map(requests.map((request) => [request, this.#held(request, sight)]));
    const earlier = new Map<LookRequest, Outcome<Sample>>();
    const overs = [...new Set(waiting.map((request) => this.#millisecondsOf(request)))].sort((a, b) => b - a);
    for (const [n, over] of overs.entries()) {
      // The longest interval begins with the look just taken, each shorter one with a look of its own.
      const due = waiting.filter((request) => this.#millisecondsOf(request) === over);
      if (n > 0) sight = await this.#see(objectsOf(due));
      for (const request of due) earlier.set(request, request.object && sight.sampleOf(request.object));
      await this.#world.wait(over - (overs[n + 1] ?? 0));
    }
    if (overs.length > 0) sight = await this.#see(objects);
    return requests.map((request) => ({
      at: sight.at,
      later: request.object && sight.sampleOf(request.object),
      earlier: earlier.get(request) ?? this.#held(request, sight) ?? held.get(request) ?? null,
    }));
  }

  #see(objects: readonly Granted[]): Promise<Sight> {
    return see(objects, this.#world.read);
  }

  /** What cannot be read now is not waited for. */
  #mustWait(request: LookRequest, sight: Sight): boolean {
    if (request.object === null || request.over === null) return false;
    return !(sight.sampleOf(request.object) instanceof HvqlError) && this.#held(request, sight) === null;
  }

  #held(request: LookRequest, { at }: Sight): Sample | null {
    if (request.object === null || request.over === null || at instanceof HvqlError) return null;
    const ageNanoseconds = BigInt(this.#millisecondsOf(request)) * nanosecondsPerMillisecond;
    const asked = { before: at.monotonicNanoseconds, ageNanoseconds };
    return this.#world.findHeld(objectKey(request.object), asked) ?? null;
  }

  /** A question has no event before it: its default stands in. */
  #millisecondsOf({ over }: LookRequest): number {
    return typeof over === 'number' ? over : this.defaultOver;
  }
}
