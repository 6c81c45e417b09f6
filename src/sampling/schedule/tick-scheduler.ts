/** Ticks at one interval, shared by all watchers. Runs while there are watchers. */
import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { HvqlError } from '../../errors.ts';
import type { Clock, Moment } from '../../snapshot/moment.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Granted } from '../../access/access.ts';
import { TopologyScope, isWithin } from '../read/topology-scope.ts';
import { ageForFirstEvent, ageForOver, type FindHeld } from '../read/earlier-readings.ts';
import type { MemoryShare } from '../read/held-readings.ts';
import { objectsOf } from '../read/snapshot-reader.ts';
import {
  TakenSnapshot,
  readSnapshot,
  type Snapshot,
  type TakenReadings,
  type TakenSample,
} from '../read/snapshot.ts';
import { SnapshotHistory } from './snapshot-history.ts';
import type { Tick, TickListener, Watcher } from './tick.ts';
import { noReads, WantedReadsMemory, type RequestLists, type WantedReads } from './wanted-reads.ts';

/** The dependencies of a scheduler. */
export interface TickSchedulerOptions {
  readonly everyMilliseconds: number;
  readonly clock: Clock;
  /** With `lists`, virtual processors of other partitions may be those of an earlier call. */
  readonly topology: (signal: AbortSignal, lists: ReadonlySet<bigint> | null) => Promise<Topology>;
  readonly read: (objects: readonly Granted[], signal: AbortSignal) => Promise<TakenReadings>;
  /** Whether the object has not been absent since the reading. */
  readonly isOngoing: (object: Granted, sample: TakenSample) => boolean;
  readonly findHeld: FindHeld;
  /** Reserves memory for past snapshots; `findHeld` is used if there is no room for them. */
  readonly snapshotMemory: MemoryShare;
  /** How old a first tick may be to be shared with a new watcher; 0 for never. */
  readonly shareMilliseconds?: number;
  /** Called with unexpected errors; the scheduler continues. */
  readonly onError: (error: unknown) => void;
  /** Called once for each tick in turn with the time from when it was due until all listeners were offered it. */
  readonly onGiven?: (lagSeconds: number) => void;
}

/** A tick for new watchers: those of one event loop turn, and later ones whose needs it covers. */
interface FirstTick {
  readonly watchers: Set<Watcher>;
  readonly tick: Promise<Tick>;
  /** When it began, in nanoseconds of the steady clock. */
  readonly began: bigint;
}

/** The topology, and the objects that the watchers need. */
interface Existing extends Pick<Tick, 'topology' | 'lists'> {
  readonly reads: WantedReads;
}

const nanosecondsPerMillisecond = 1_000_000n;
/** How long new watchers share a first tick: clients do not notice it, and thousands may subscribe within seconds. */
const defaultShareMilliseconds = 10;
/** How long listeners are called before other work on the event loop runs. */
const longestSliceNanoseconds = 10n * nanosecondsPerMillisecond;
/** How many listeners are called per reading of the clock, which takes about as long as calling one. */
const listenersPerClockCheck = 8;

/** Reads once per tick what all watchers need together. */
export class TickScheduler {
  readonly #world: TickSchedulerOptions;
  readonly #everyNanoseconds: bigint;
  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Set<TickListener>();
  readonly #history: SnapshotHistory;
  #reads = new WantedReadsMemory();
  /** Aborted with the last watcher. */
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
    this.#history = new SnapshotHistory(world.everyMilliseconds, world.snapshotMemory);
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** From now on the watcher's needs are read. The first watcher's arrival is the origin of the ticks. */
  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#running !== null) return;
    const controller = new AbortController();
    // All pending reads listen to it, and new watchers may have many.
    setMaxListeners(0, controller.signal);
    this.#running = { start: this.#world.clock.now(), controller };
    this.#schedule();
  }

  /** When the last watcher is removed, stops the timer and aborts pending reads. */
  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.isWatched || this.#running === null) return;
    clearTimeout(this.#timer);
    this.#running.controller.abort();
    this.#running = null;
    this.#newestFirst = null;
    this.#reads = new WantedReadsMemory();
    this.#history.forgetAll();
  }

  /** From now on the listener receives every tick, after those that were added before it. */
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

  /** Drops the snapshots that changes are computed from: the clock of the source has restarted. */
  forgetHistory(): void {
    this.#history.forgetAll();
  }

  /** Schedules the next tick in the future; overdue ticks are skipped. */
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
    // It is too old by now.
    this.#newestFirst = null;
    try {
      const tick = await this.#takeTick(watchers, number);
      await this.#give(tick, watchers);
      if (running !== null) this.#world.onGiven?.(this.#secondsSinceDue(number, running.start));
    } catch (error) {
      if (this.#running === running) this.#world.onError(error);
    }
    if (this.#running === running) this.#schedule();
  }

  #secondsSinceDue(number: number, start: Moment): number {
    const due = start.monotonicNanoseconds + BigInt(number) * this.#everyNanoseconds;
    return Number(this.#world.clock.now().monotonicNanoseconds - due) / 1e9;
  }

  /**
   * Calls the listeners in the order in which they were added, not by what they watch: their data, here and in the
   * kernel, lies in memory in about that order, and with thousands of them it is far apart. Ordered by a hundred
   * operations, ten thousand of them take a tenth longer. A listener that is added meanwhile has a first tick of its
   * own, which is newer. Other work has its turn in between, since events of thousands of operations take a second.
   */
  async #give(tick: Tick, watchers: readonly Watcher[]): Promise<void> {
    const now = (): bigint => this.#world.clock.now().monotonicNanoseconds;
    let sliceBegan = now();
    let given = 0;
    for (const listener of this.#listeners) {
      listener.onTick(tick);
      given += 1;
      if (given % listenersPerClockCheck !== 0 || now() - sliceBegan < longestSliceNanoseconds) continue;
      await turn();
      sliceBegan = now();
    }
    for (const watcher of watchers) watcher.offered(tick);
  }

  /** The topology, and what the watchers need of it. */
  async #existing(watchers: readonly Watcher[], signal: AbortSignal): Promise<Existing> {
    const lists = listsOf(watchers);
    const existing = await this.#ask(watchers, { signal, lists });
    // Plans may need other partitions than before, because other objects exist now.
    return isWithin(listsOf(watchers), lists) ? existing : this.#ask(watchers, { signal, lists: null });
  }

  async #ask(
    watchers: readonly Watcher[],
    { signal, lists }: { signal: AbortSignal; lists: ReadonlySet<bigint> | null },
  ): Promise<Existing> {
    const topology = await orHvqlError(this.#world.topology(signal, lists));
    if (topology instanceof HvqlError) return { topology, lists, reads: noReads };
    const requests = await requestsOf(watchers, topology);
    return { topology, lists, reads: this.#reads.of(requests) };
  }

  async #takeTick(watchers: readonly Watcher[], number: number | null): Promise<Tick> {
    const signal = this.#running?.controller.signal ?? AbortSignal.abort();
    const began = this.#world.clock.now();
    const { topology, lists, reads } = await this.#existing(watchers, signal);
    const read =
      topology instanceof HvqlError
        ? () => Promise.reject(topology)
        : (objects: readonly Granted[]) => this.#world.read(objects, signal);
    const snapshot = await readSnapshot(reads, read);
    if (number !== null) this.#history.keep(snapshot, { number, overs: reads.overs });
    return {
      began,
      topology,
      lists,
      snapshot,
      earlier: (object, from) => this.#earlier(object, { from, snapshot }),
    };
  }

  /**
   * An object that could not be read then has no earlier reading, which is not an error once it can be read again.
   */
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

/** The partitions whose virtual processors the watchers need together; null for all. */
function listsOf(watchers: readonly Watcher[]): ReadonlySet<bigint> | null {
  const asked = new TopologyScope();
  for (const { lists } of watchers) {
    if (lists === null) return null;
    asked.add(lists);
  }
  return asked.lists;
}

/** Whether this tick listed and read everything that the watcher needs. */
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

function requestsOf(watchers: readonly Watcher[], topology: Topology): Promise<RequestLists> {
  return Promise.all(watchers.map((watcher) => watcher.requests(topology)));
}
