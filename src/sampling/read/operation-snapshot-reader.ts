/** The reader of one operation: everything in its plan is read in one batch. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Cancellation } from '../../lib/abort.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import type { Reading, Outcome } from '../../snapshot/reading.ts';
import { ageForOver, EarlierReadings, type FindHeld } from './earlier-readings.ts';
import type { ReadingChange } from '../change/change.ts';
import { FetchedHistory, type FetchPasts } from './fetched-history.ts';
import type { HistoryReader } from './history-sample.ts';
import type { SnapshotReader, Over, Ranking, ChangeRequest, ReadPlan } from './snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import { firstOf } from './rank.ts';
import { failedSnapshot, TakenSnapshot, type ReadSet, type TakenSample } from './snapshot.ts';

/** What the readers of all operations share. */
export interface OperationReaderOptions {
  /**
   * A snapshot of objects within the time limit of the source; with `fresh` one that begins now. Rejects with an
   * HvqlError if the source as a whole fails.
   */
  readonly snapshotOf: (
    set: ReadSet,
    options: { readonly cancellation: Cancellation; readonly fresh: boolean },
  ) => MaybePromise<TakenSnapshot>;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly findHeld: FindHeld;
  readonly history: HistoryReader;
  /** Present if the source has its own history, which then replaces `history`. */
  readonly fetchPasts: FetchPasts | null;
  /** Whether the object has not been absent since the reading. */
  readonly isOngoing: (object: Granted, sample: TakenSample) => boolean;
  /** Whether the object has appeared within this time. */
  readonly isNew: (object: Granted, milliseconds: number) => boolean;
  readonly defaultOver: number;
}

const nanosecondsPerMillisecond = 1_000_000n;
const none: readonly ChangeRequest[] = [];
const ignore = (): void => undefined;

/** Changes are computed from an earlier reading in memory; without one the operation waits for a second reading. */
export class OperationSnapshotReader implements SnapshotReader {
  readonly defaultOver: number;
  readonly #world: OperationReaderOptions;
  readonly #cancellation: Cancellation;
  readonly #waitsForNew: boolean;
  readonly #fetched: FetchedHistory | null;
  #snapshot: TakenSnapshot | HvqlError | null = null;

  /**
   * Reading ends with the cancellation. Without `waitsForNew`, the operation does not wait for a second reading of objects
   * that have just appeared if the changes of all others are known: their changes are then unknown.
   */
  constructor(
    world: OperationReaderOptions,
    { cancellation, waitsForNew }: { readonly cancellation: Cancellation; readonly waitsForNew: boolean },
  ) {
    this.defaultOver = world.defaultOver;
    this.#world = world;
    this.#cancellation = cancellation;
    this.#waitsForNew = waitsForNew;
    this.#fetched = world.fetchPasts === null ? null : new FetchedHistory(world.fetchPasts);
  }

  /** What was read, to find the operations that share it; null if nothing was read or the source failed. */
  get snapshot(): TakenSnapshot | null {
    return this.#snapshot instanceof TakenSnapshot ? this.#snapshot : null;
  }

  /**
   * Reads the whole plan in one batch, without waiting if the source allows it. Calls `enterWait` before it waits for a
   * second reading, and what that returns afterwards; throws or rejects with what it throws.
   */
  readAhead(plan: ReadPlan, enterWait: () => () => void = () => ignore): MaybePromise<void> {
    if (plan.isEmpty) return;
    return mapMaybePromise(this.#snapshotOf(plan), (snapshot) => {
      const waiting = this.#take(plan, snapshot);
      if (waiting.length === 0 || snapshot instanceof HvqlError) return;
      if (!this.#waitsForNew && waiting.every((request) => this.#isNew(request))) {
        this.#keepToItself(plan, snapshot);
        return;
      }
      const leaveWait = enterWait();
      return this.#waitForSecond(plan, { waiting, snapshot }).finally(leaveWait);
    });
  }

  moment(): Moment {
    const snapshot = this.#taken('the moment');
    if (snapshot instanceof HvqlError) throw snapshot;
    return snapshot.at;
  }

  reading(object: Granted): Outcome<Reading> {
    const snapshot = this.#taken(object);
    return snapshot instanceof HvqlError ? snapshot : snapshot.outcomeAt(this.#numberIn(snapshot, object));
  }

  change(object: Granted, over: Over): Outcome<ReadingChange> {
    const snapshot = this.#taken(object);
    if (snapshot instanceof HvqlError) return snapshot;
    const earlier = EarlierReadings.of(snapshot);
    const number = this.#numberIn(snapshot, object);
    return earlier.change({ object, number, milliseconds: this.#millisecondsOf(over) });
  }

  get history(): HistoryReader {
    return this.#fetched ?? this.#world.history;
  }

  /** Fetches the history that was requested and not fetched yet; null if nothing is missing. */
  fetchPast(): Promise<void> | null {
    return this.#fetched?.isIncomplete === true ? this.#fetched.fetch(this.#cancellation.signal) : null;
  }

  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[] {
    return firstOf(this, { items, ...ranking });
  }

  #taken(what: Granted | string): TakenSnapshot | HvqlError {
    if (this.#snapshot === null) throw notPlanned(what);
    return this.#snapshot;
  }

  #numberIn(snapshot: TakenSnapshot, object: Granted): number {
    const number = snapshot.numberOf(object);
    if (number === undefined) throw notPlanned(object);
    return number;
  }

  /** Takes the snapshot. Returns the changes that need a second reading. */
  #take(plan: ReadPlan, snapshot: TakenSnapshot | HvqlError): readonly ChangeRequest[] {
    this.#snapshot = snapshot;
    if (plan.changes.length === 0 || snapshot instanceof HvqlError) return none;
    return plan.changes.filter((request) => this.#mustWait(request, snapshot));
  }

  /** Waits for the time of the changes without an earlier reading, then reads the whole plan in one batch. */
  async #waitForSecond(
    plan: ReadPlan,
    missing: { waiting: readonly ChangeRequest[]; snapshot: TakenSnapshot },
  ): Promise<void> {
    const { snapshot } = missing;
    const { waiting, held } = this.#scheduled(plan, missing);
    const earlier = new Map<ChangeRequest, Outcome<TakenSample>>();
    const overs = [...new Set(waiting.map(({ over }) => this.#millisecondsOf(over)))].sort((a, b) => b - a);
    let latest = failedOrTaken(snapshot);
    for (const [n, over] of overs.entries()) {
      // The longest interval begins with the snapshot just taken, each shorter one with a snapshot of its own.
      const due = waiting.filter((request) => this.#millisecondsOf(request.over) === over);
      if (n > 0) latest = failedOrTaken(await this.#snapshotOf(readSetOf(due), true));
      for (const request of due) earlier.set(request, latest.sampleOf(request.object));
      await this.#world.wait(over - (overs[n + 1] ?? 0), this.#cancellation.signal);
    }
    const read = await this.#snapshotOf(plan, true);
    if (read instanceof HvqlError) {
      this.#snapshot = read;
      return;
    }
    // Failures in between belong to this operation only, so it must not share what is cached by the snapshot.
    const hasFailed = [...earlier.values()].some((sample) => sample instanceof HvqlError);
    const last = hasFailed ? read.copy() : read;
    this.#snapshot = last;
    const readings = EarlierReadings.of(last);
    for (const request of plan.changes) {
      const sample = this.#ongoing(
        request,
        earlier.get(request) ?? this.#held(request, last) ?? held.get(request),
      );
      const number = this.#numberIn(last, request.object);
      readings.set({ number, milliseconds: this.#millisecondsOf(request.over) }, sample);
    }
  }

  /**
   * The changes that begin with a reading of this operation, and the stored readings for the others. A stored reading
   * must have the right age at the end of the wait; a change without such a reading waits as well.
   */
  #scheduled(
    plan: ReadPlan,
    { waiting, snapshot }: { waiting: readonly ChangeRequest[]; snapshot: TakenSnapshot },
  ): { waiting: readonly ChangeRequest[]; held: ReadonlyMap<ChangeRequest, TakenSample> } {
    const all = new Set(waiting);
    const held = new Map<ChangeRequest, TakenSample>();
    for (let size = -1; size !== all.size;) {
      size = all.size;
      const wait = [...all].reduce((most, { over }) => Math.max(most, this.#millisecondsOf(over)), 0);
      const before = snapshot.at.monotonicNanoseconds + BigInt(wait) * nanosecondsPerMillisecond;
      for (const request of plan.changes) {
        if (all.has(request) || !this.#isReadable(request, snapshot)) continue;
        const age = ageForOver(this.#millisecondsOf(request.over));
        const sample = this.#world.findHeld(request.object, { before, age });
        if (sample === undefined) all.add(request);
        else held.set(request, sample);
      }
    }
    return { waiting: [...all], held };
  }

  /** Whether the object did not exist at any time at which the change could begin. */
  #isNew({ object, over }: ChangeRequest): boolean {
    return this.#world.isNew(object, ageForOver(this.#millisecondsOf(over)).most);
  }

  /** Others wait for the changes that this operation leaves unknown, so it must not share what is cached by the snapshot. */
  #keepToItself(plan: ReadPlan, snapshot: TakenSnapshot): void {
    const own = snapshot.copy();
    this.#snapshot = own;
    for (const request of plan.changes) this.#held(request, own);
  }

  /** An object that was absent during the wait has no earlier reading. */
  #ongoing({ object }: ChangeRequest, sample: Outcome<TakenSample> | undefined): Outcome<TakenSample> {
    if (sample === undefined || sample === null || sample instanceof HvqlError) return sample ?? null;
    return this.#world.isOngoing(object, sample) ? sample : null;
  }

  /** The operation does not wait for objects that cannot be read now. */
  #mustWait(request: ChangeRequest, snapshot: TakenSnapshot): boolean {
    return this.#isReadable(request, snapshot) && this.#held(request, snapshot) === null;
  }

  #isReadable({ object }: ChangeRequest, snapshot: TakenSnapshot): boolean {
    return !(snapshot.outcomeAt(this.#numberIn(snapshot, object)) instanceof HvqlError);
  }

  #held({ object, over }: ChangeRequest, snapshot: TakenSnapshot): Outcome<TakenSample> {
    const number = this.#numberIn(snapshot, object);
    const milliseconds = this.#millisecondsOf(over);
    return EarlierReadings.of(snapshot).find({ object, number, milliseconds }, this.#world.findHeld);
  }

  #snapshotOf(set: ReadSet, fresh = false): MaybePromise<TakenSnapshot | HvqlError> {
    const snapshot = this.#world.snapshotOf(set, { cancellation: this.#cancellation, fresh });
    return snapshot instanceof Promise ? snapshot.catch(errorOfSource) : snapshot;
  }

  /** A query has no previous event, so its default is used instead. */
  #millisecondsOf(over: Over): number {
    return typeof over === 'number' ? over : this.defaultOver;
  }
}

function errorOfSource(error: unknown): HvqlError {
  if (error instanceof HvqlError) return error;
  throw error;
}

function failedOrTaken(snapshot: TakenSnapshot | HvqlError) {
  return snapshot instanceof HvqlError ? failedSnapshot(snapshot) : snapshot;
}

function readSetOf(requests: readonly ChangeRequest[]): ReadSet {
  const objects = [...new Set(requests.map(({ object }) => object))];
  return { objects, numbers: new Map(objects.map((object, n) => [object, n])) };
}

/** The same resolvers created the plan, so it has everything that they request. */
function notPlanned(what: Granted | string): TypeError {
  return new TypeError(`${typeof what === 'string' ? what : readingKey(what)} was not planned`);
}
