/** The look behind one question: what its plan names is read in one batch of the source. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { readingKey } from '../snapshot/object-name.ts';
import type { Reading } from '../snapshot/reading.ts';
import { ageForOver } from './earlier-age.ts';
import { EarlierReadings, type FindHeld } from './earlier-readings.ts';
import type { ReadingGrowth } from './growth.ts';
import type { Look, Over, Ranking } from './look.ts';
import type { GrowthRequest, LookPlan } from './look-plan.ts';
import type { Outcome } from './outcome.ts';
import { mapMaybePromise, type MaybePromise } from '../lib/maybe-promise.ts';
import { firstOf } from './rank.ts';
import { failedSight, ReadSight, type Seen, type TakenSample } from './sight.ts';

/** What a look needs of the world around it. */
export interface LookWorld {
  /**
   * A look at objects, within the source's time limit; with `anew` none that was read before. Rejects with an HvqlError
   * where the source as a whole fails.
   */
  readonly see: (seen: Seen, anew: boolean) => MaybePromise<ReadSight>;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly findHeld: FindHeld;
  /** Whether the object has not been seen to be absent since the reading. */
  readonly isOngoing: (object: Granted, sample: TakenSample) => boolean;
  readonly defaultOver: number;
}

const nanosecondsPerMillisecond = 1_000_000n;

/** A look for a question: growth is taken against a reading that is held, or the answer waits for a second one. */
export class OperationLook implements Look {
  readonly defaultOver: number;
  readonly #world: LookWorld;
  #sight: ReadSight | HvqlError | null = null;

  constructor(world: LookWorld) {
    this.defaultOver = world.defaultOver;
    this.#world = world;
  }

  /** What was read, to know which questions share it; null where nothing was, or the source failed. */
  get sight(): ReadSight | null {
    return this.#sight instanceof ReadSight ? this.#sight : null;
  }

  /** Reads all that will be asked for, in one batch: at once where nothing has to be waited for. */
  readAhead(plan: LookPlan): MaybePromise<void> {
    if (plan.isEmpty) return;
    return mapMaybePromise(this.#see(plan), (sight) => this.#take(plan, sight));
  }

  moment(): Moment {
    const sight = this.#seen('the moment');
    if (sight instanceof HvqlError) throw sight;
    return sight.at;
  }

  reading(object: Granted): Outcome<Reading> {
    const sight = this.#seen(object);
    return sight instanceof HvqlError ? sight : sight.outcomeAt(this.#numberIn(sight, object));
  }

  growth(object: Granted, over: Over): Outcome<ReadingGrowth> {
    const sight = this.#seen(object);
    if (sight instanceof HvqlError) return sight;
    const earlier = EarlierReadings.of(sight);
    const number = this.#numberIn(sight, object);
    return earlier.growth({ object, number, milliseconds: this.#millisecondsOf(over) });
  }

  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[] {
    return firstOf(this, { items, ...ranking });
  }

  #seen(what: Granted | string): ReadSight | HvqlError {
    if (this.#sight === null) throw notPlanned(what);
    return this.#sight;
  }

  #numberIn(sight: ReadSight, object: Granted): number {
    const number = sight.numberOf(object);
    if (number === undefined) throw notPlanned(object);
    return number;
  }

  #take(plan: LookPlan, sight: ReadSight | HvqlError): MaybePromise<void> {
    this.#sight = sight;
    if (plan.growths.length === 0 || sight instanceof HvqlError) return;
    const waiting = plan.growths.filter((request) => this.#mustWait(request, sight));
    if (waiting.length > 0) return this.#waitForSecond(plan, { waiting, sight });
  }

  /** One moment for the whole batch, after as long a wait as the growths need for which nothing is held. */
  async #waitForSecond(
    plan: LookPlan,
    missing: { waiting: readonly GrowthRequest[]; sight: ReadSight },
  ): Promise<void> {
    const { sight } = missing;
    const { waiting, held } = this.#scheduled(plan, missing);
    const earlier = new Map<GrowthRequest, Outcome<TakenSample>>();
    const overs = [...new Set(waiting.map(({ over }) => this.#millisecondsOf(over)))].sort((a, b) => b - a);
    let latest = failedOrSeen(sight);
    for (const [n, over] of overs.entries()) {
      // The longest interval begins with the look just taken, each shorter one with a look of its own.
      const due = waiting.filter((request) => this.#millisecondsOf(request.over) === over);
      if (n > 0) latest = failedOrSeen(await this.#see(seenOf(due), true));
      for (const request of due) earlier.set(request, latest.sampleOf(request.object));
      await this.#world.wait(over - (overs[n + 1] ?? 0));
    }
    const read = await this.#see(plan, true);
    if (read instanceof HvqlError) {
      this.#sight = read;
      return;
    }
    // What failed in between is for this question to tell, and nobody else's.
    const hasFailed = [...earlier.values()].some((sample) => sample instanceof HvqlError);
    const last = hasFailed ? read.copy() : read;
    this.#sight = last;
    const readings = EarlierReadings.of(last);
    for (const request of plan.growths) {
      const sample = this.#ongoing(
        request,
        earlier.get(request) ?? this.#held(request, last) ?? held.get(request),
      );
      const number = this.#numberIn(last, request.object);
      readings.set({ number, milliseconds: this.#millisecondsOf(request.over) }, sample);
    }
  }

  /**
   * Which growths begin with a reading of this operation, and the held readings that the others begin with. A held one
   * has to be of the right age when the wait is over; where none will be, that growth waits as well.
   */
  #scheduled(
    plan: LookPlan,
    { waiting, sight }: { waiting: readonly GrowthRequest[]; sight: ReadSight },
  ): { waiting: readonly GrowthRequest[]; held: ReadonlyMap<GrowthRequest, TakenSample> } {
    const all = new Set(waiting);
    const held = new Map<GrowthRequest, TakenSample>();
    for (let size = -1; size !== all.size;) {
      size = all.size;
      const wait = [...all].reduce((most, { over }) => Math.max(most, this.#millisecondsOf(over)), 0);
      const before = sight.at.monotonicNanoseconds + BigInt(wait) * nanosecondsPerMillisecond;
      for (const request of plan.growths) {
        if (all.has(request) || !this.#isReadable(request, sight)) continue;
        const age = ageForOver(this.#millisecondsOf(request.over));
        const sample = this.#world.findHeld(request.object, { before, age });
        if (sample === undefined) all.add(request);
        else held.set(request, sample);
      }
    }
    return { waiting: [...all], held };
  }

  /** An object that was away while the answer waited has no growth from before. */
  #ongoing({ object }: GrowthRequest, sample: Outcome<TakenSample> | undefined): Outcome<TakenSample> {
    if (sample === undefined || sample === null || sample instanceof HvqlError) return sample ?? null;
    return this.#world.isOngoing(object, sample) ? sample : null;
  }

  /** What cannot be read now is not waited for. */
  #mustWait(request: GrowthRequest, sight: ReadSight): boolean {
    return this.#isReadable(request, sight) && this.#held(request, sight) === null;
  }

  #isReadable({ object }: GrowthRequest, sight: ReadSight): boolean {
    return !(sight.outcomeAt(this.#numberIn(sight, object)) instanceof HvqlError);
  }

  #held({ object, over }: GrowthRequest, sight: ReadSight): Outcome<TakenSample> {
    const number = this.#numberIn(sight, object);
    const milliseconds = this.#millisecondsOf(over);
    return EarlierReadings.of(sight).find({ object, number, milliseconds }, this.#world.findHeld);
  }

  #see(seen: Seen, anew = false): MaybePromise<ReadSight | HvqlError> {
    const sight = this.#world.see(seen, anew);
    return sight instanceof Promise ? sight.catch(errorOfSource) : sight;
  }

  /** A question has no event before it: its default stands in. */
  #millisecondsOf(over: Over): number {
    return typeof over === 'number' ? over : this.defaultOver;
  }
}

function errorOfSource(error: unknown): HvqlError {
  if (error instanceof HvqlError) return error;
  throw error;
}

function failedOrSeen(sight: ReadSight | HvqlError) {
  return sight instanceof HvqlError ? failedSight(sight) : sight;
}

function seenOf(requests: readonly GrowthRequest[]): Seen {
  const objects = [...new Set(requests.map(({ object }) => object))];
  return { objects, numbers: new Map(objects.map((object, n) => [object, n])) };
}

/** What a resolver asks for, the plan of its operation has noted: it called the same resolver. */
function notPlanned(what: Granted | string): TypeError {
  return new TypeError(`${typeof what === 'string' ? what : readingKey(what)} was not planned`);
}
