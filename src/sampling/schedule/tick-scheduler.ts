/** Ticks at one distance, shared by all who watch at it. Runs while somebody watches. */
import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { HvqlError } from '../../errors.ts';
import type { Clock, Moment } from '../../snapshot/moment.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Granted } from '../../access/access.ts';
import { TopologyScope, isWithin } from '../read/topology-scope.ts';
import { ageForFirstEvent, ageForOver, type FindHeld } from '../read/earlier-readings.ts';
import { objectsOf, type ReadRequest } from '../read/snapshot-reader.ts';
import {
  TakenSnapshot,
  readSnapshot,
  type Snapshot,
  type TakenReadings,
  type TakenSample,
} from '../read/snapshot.ts';
import { SnapshotHistory } from './snapshot-history.ts';
import type { Tick, TickListener, Watcher } from './tick.ts';

/** What a grid needs of the world. */
export interface TickSchedulerOptions {
  readonly everyMilliseconds: number;
  readonly clock: Clock;
  /** Where lists are given, virtual processors of other partitions may be as they were. */
  readonly topology: (signal: AbortSignal, lists: ReadonlySet<bigint> | null) => Promise<Topology>;
  readonly read: (objects: readonly Granted[], signal: AbortSignal) => Promise<TakenReadings>;
  /** Whether the object has not been seen to be absent since the reading. */
  readonly isOngoing: (object: Granted, sample: TakenSample) => boolean;
  readonly findHeld: FindHeld;
  /** How old a look may be that is given to one who has just come; 0 for one of its own. */
  readonly shareMilliseconds?: number;
  /** Told what nobody expected; the grid goes on. */
  readonly onError: (error: unknown) => void;
}

/** A look for those who have just come: all of one turn, and who comes soon after and needs what was seen in it. */
interface FirstTick {
  readonly watchers: Set<Watcher>;
  readonly tick: Promise<Tick>;
  /** When it began, in nanoseconds of the steady clock. */
  readonly began: bigint;
}

/** What exists, and what is to be read of it. */
interface Existing extends Pick<Tick, 'topology' | 'lists'> {
  readonly requests: readonly ReadRequest[];
}

const nanosecondsPerMillisecond = 1_000_000n;
/** What clients do not notice, and what lets thousands come in seconds. */
const defaultShareMilliseconds = 10;
/** For so long listeners are given a tick before whatever else there is to do has its turn. */
const longestSliceNanoseconds = 10n * nanosecondsPerMillisecond;
/** So many are given it between two looks at the clock, which take about as long as giving it to one. */
const givenByOneClock = 8;

/** Reads once a tick what all watchers need together. */
export class TickScheduler {
  readonly #world: TickSchedulerOptions;
  readonly #everyNanoseconds: bigint;
  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Set<TickListener>();
  readonly #history: SnapshotHistory;
  /** Aborted when nobody watches any more. */
  #running: { readonly start: Moment; readonly controller: AbortController } | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #firstTicks = new DataLoader<Watcher, Tick>((watchers) => this.#takeFirstTick(watchers), {
    cache: false,
    batchScheduleFn: setImmediate,
  });
  #newestFirst: FirstTick | null = null;

  constructor(world: TickSchedulerOptions) {
    this.#world = world;
    this.#everyNanoseconds = BigInt(world.everyMilliseconds) * nanosecondsPerMillisecond;
    this.#history = new SnapshotHistory(world.everyMilliseconds);
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** From now on what the watcher needs is looked at. The first watcher's coming is the grid's first point. */
  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#running !== null) return;
    const controller = new AbortController();
    // All looks that are under way listen to it, and newcomers may have many.
    setMaxListeners(0, controller.signal);
    this.#running = { start: this.#world.clock.now(), controller };
    this.#schedule();
  }

  /** With the last watcher the timer goes, and what is being read is no longer waited for. */
  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.isWatched || this.#running === null) return;
    clearTimeout(this.#timer);
    this.#running.controller.abort();
    this.#running = null;
    this.#newestFirst = null;
  }

  /** From now on the listener is offered every tick, behind those who came before it. */
  addListener(listener: TickListener): void {
    this.#listeners.add(listener);
  }

  removeListener(listener: TickListener): void {
    this.#listeners.delete(listener);
  }

  /** A tick out of turn for a watcher that has just been added; shared with others that came shortly before. */
  firstTick(watcher: Watcher): Promise<Tick> {
    const newest = this.#newestFirst;
    if (newest === null || this.#isTooOld(newest)) return this.#firstTicks.load(watcher);
    return newest.watchers.has(watcher) ? newest.tick : this.#coveringTick(watcher, newest);
  }

  /** That tick if it read all that the watcher needs, else another. */
  async #coveringTick(watcher: Watcher, shared: FirstTick): Promise<Tick> {
    const tick = await shared.tick;
    const isEnough = await coversNeedsOf(watcher, tick);
    // A watcher that has been removed meanwhile gets no new tick: the scheduler may have stopped.
    if (!isEnough && this.#watchers.has(watcher)) return this.#firstTicks.load(watcher);
    if (isEnough) shared.watchers.add(watcher);
    return tick;
  }

  async #takeFirstTick(calls: readonly Watcher[]): Promise<Tick[]> {
    const began = this.#world.clock.now().monotonicNanoseconds;
    // Streams of one operation have the same watcher.
    const watchers = new Set(calls);
    const tick = this.#takeTick([...watchers], null);
    // The tick of a scheduler that has stopped is not for later watchers.
    if (this.#running !== null) this.#newestFirst = { watchers, tick, began };
    const taken = await tick;
    return calls.map(() => taken);
  }

  #isTooOld({ began }: FirstTick): boolean {
    const { shareMilliseconds = defaultShareMilliseconds, clock } = this.#world;
    const age = clock.now().monotonicNanoseconds - began;
    return age >= BigInt(shareMilliseconds) * nanosecondsPerMillisecond;
  }

  /** Forgets the sights that growth is taken over: they have no place in time any more. */
  forgetHistory(): void {
    this.#history.forgetAll();
  }

  /** To the next point of the grid that is still to come: what came too late is left out. */
  #schedule(): void {
    if (this.#running === null) return;
    const { start } = this.#running;
    const elapsed = this.#world.clock.now().monotonicNanoseconds - start.monotonicNanoseconds;
    const number = elapsed / this.#everyNanoseconds + 1n;
    const wait = Number(number * this.#everyNanoseconds - elapsed) / Number(nanosecondsPerMillisecond);
    this.#timer = setTimeout(() => void this.#onTime(Number(number)), Math.ceil(wait));
  }

  async #onTime(number: number): Promise<void> {
    const running = this.#running;
    const watchers = [...this.#watchers];
    // What is too old by now is not kept.
    this.#newestFirst = null;
    try {
      const tick = await this.#takeTick(watchers, number);
      await this.#give(tick, watchers);
    } catch (error) {
      if (this.#running === running) this.#world.onError(error);
    }
    if (this.#running === running) this.#schedule();
  }

  /**
   * In the order in which the listeners came, whatever they watch: what is kept of them, here and in the kernel, lies in
   * memory in about that order, and of thousands it comes from far. In the order of a hundred operations, ten thousand
   * take a tenth longer. Whoever comes meanwhile has a look of its own, which is newer. Others have their turn in
   * between: events of thousands of operations take a second.
   */
  async #give(tick: Tick, watchers: readonly Watcher[]): Promise<void> {
    const now = (): bigint => this.#world.clock.now().monotonicNanoseconds;
    let sliceBegan = now();
    let given = 0;
    for (const listener of this.#listeners) {
      listener.onTick(tick);
      given += 1;
      if (given % givenByOneClock !== 0 || now() - sliceBegan < longestSliceNanoseconds) continue;
      await turn();
      sliceBegan = now();
    }
    for (const watcher of watchers) watcher.offered(tick);
  }

  /** What exists, and what the watchers need of it. */
  async #existing(watchers: readonly Watcher[], signal: AbortSignal): Promise<Existing> {
    const lists = listsOf(watchers);
    const existing = await this.#ask(watchers, { signal, lists });
    // What is there now may have made plans look elsewhere.
    return isWithin(listsOf(watchers), lists) ? existing : this.#ask(watchers, { signal, lists: null });
  }

  async #ask(
    watchers: readonly Watcher[],
    { signal, lists }: { signal: AbortSignal; lists: ReadonlySet<bigint> | null },
  ): Promise<Existing> {
    const topology = await orHvqlError(this.#world.topology(signal, lists));
    const requests = topology instanceof HvqlError ? [] : await requestsOf(watchers, topology);
    return { topology, lists, requests };
  }

  async #takeTick(watchers: readonly Watcher[], number: number | null): Promise<Tick> {
    const signal = this.#running?.controller.signal ?? AbortSignal.abort();
    const began = this.#world.clock.now();
    const { topology, lists, requests } = await this.#existing(watchers, signal);
    const read =
      topology instanceof HvqlError
        ? () => Promise.reject(topology)
        : (objects: readonly Granted[]) => this.#world.read(objects, signal);
    const snapshot = await readSnapshot(objectsOf(requests), read);
    if (number !== null) this.#history.keep(snapshot, { number, overs: oversOf(requests) });
    return {
      began,
      topology,
      lists,
      snapshot,
      earlier: (object, from) => this.#earlier(object, { from, snapshot }),
    };
  }

  /** An object that could not be read then has no earlier reading: that is no error any more once it is back. */
  #earlier(
    object: Granted,
    { from, snapshot }: { from: Snapshot | number | null; snapshot: Snapshot },
  ): TakenSample | null {
    const { everyMilliseconds, findHeld, isOngoing } = this.#world;
    const before = typeof from === 'number' ? this.#history.find(from, snapshot) : from;
    const sample = before?.sampleOf(object) ?? null;
    const isUsable = sample !== null && !(sample instanceof HvqlError) && isOngoing(object, sample);
    if (isUsable || (typeof from === 'object' && from !== null)) return isUsable ? sample : null;
    if (snapshot.at instanceof HvqlError) return null;
    const age = from === null ? ageForFirstEvent(everyMilliseconds) : ageForOver(from);
    return findHeld(object, { before: snapshot.at.monotonicNanoseconds, age }) ?? null;
  }
}

/** Whose virtual processors they look for together; null is everybody's. */
function listsOf(watchers: readonly Watcher[]): ReadonlySet<bigint> | null {
  const asked = new TopologyScope();
  for (const { lists } of watchers) {
    if (lists === null) return null;
    asked.add(lists);
  }
  return asked.lists;
}

/** Whether all that the watcher needs was looked for, and read, in this tick. */
async function coversNeedsOf(watcher: Watcher, { topology, lists, snapshot }: Tick): Promise<boolean> {
  if (topology instanceof HvqlError || !(snapshot instanceof TakenSnapshot)) return false;
  const objects = objectsOf(await watcher.requests(topology));
  return isWithin(watcher.lists, lists) && snapshot.covers({ objects });
}

async function orHvqlError<Value>(promise: Promise<Value>): Promise<Value | HvqlError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof HvqlError) return error;
    throw error;
  }
}

async function requestsOf(watchers: readonly Watcher[], topology: Topology): Promise<ReadRequest[]> {
  const requests = await Promise.all(watchers.map((watcher) => watcher.requests(topology)));
  return requests.flat();
}

function oversOf(requests: readonly ReadRequest[]): number[] {
  return [...new Set(requests.flatMap(({ over }) => (typeof over === 'number' ? [over] : [])))];
}
