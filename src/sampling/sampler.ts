/** Readings of a source over time: for operations, for subscriptions, and kept for later changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Granted } from '../access/access.ts';
import type { HvqlError } from '../errors.ts';
import type { Cancellation } from '../lib/abort.ts';
import { ExpiringValue } from '../lib/expiring-value.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { steadyClockOf, type Clock } from '../snapshot/moment.ts';
import type { StatisticsArea } from '../snapshot/object-name.ts';
import type { HeldFacts } from '../snapshot/past.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Source } from '../source/source.ts';
import { Absences, type AbsenceReport } from './guard/absences.ts';
import { Arrivals } from './guard/arrivals.ts';
import { GuardedSource, type AnswerHealth, type SourceState } from './guard/guarded-source.ts';
import { History, isResetBetween } from './read/history.ts';
import type { FetchPasts } from './read/fetched-history.ts';
import { defaultHoldingLimits, HeldReadings, type HoldingLimits } from './read/held-readings.ts';
import { OperationSnapshotReader, type OperationReaderOptions } from './read/operation-snapshot-reader.ts';
import { SharedSnapshots } from './read/shared-snapshots.ts';
import type { TakenReadings, TakenSample, TakenSnapshot } from './read/snapshot.ts';
import { isWithin } from './read/topology-scope.ts';
import { recordHistory } from './schedule/history-recorder.ts';
import { TickScheduler } from './schedule/tick-scheduler.ts';

/** How a sampler reads. */
export interface SamplerOptions {
  readonly source: Source;
  /** How long one call of the source may take. */
  readonly timeoutMilliseconds: number;
  /** Called with unexpected errors of ticks, which continue. */
  readonly onError?: (error: unknown) => void;
  /** Called with the reason when the source starts to fail, and with null when it works again. */
  readonly onHealthChange?: (reason: HvqlError | null) => void;
  /** Called with the absences that this sampler has found, for other processes that read the same source. */
  readonly onAbsence?: (report: AbsenceReport) => void;
  /** Called once for each tick with the time from when it was due until all listeners were offered it. */
  readonly onTickGiven?: (lagSeconds: number) => void;
  /** Waits between two readings; by default with the system's timer. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** The default time of changes, if a query does not set it, in milliseconds. @default 1000 */
  readonly defaultOver?: number;
  /**
   * How long operations share a snapshot and a topology, counted from when reading it began; 0, the default, shares
   * nothing.
   */
  readonly shareMilliseconds?: number;
  /** How many readings are held for later operations. */
  readonly holding?: HoldingLimits;
  /** How many past readings one operation may have, of a source that has a past of its own. @default 250,000 */
  readonly mostPastSamples?: number;
  /** The service's own clock, for the age of the last success. */
  readonly clock: Clock;
}

/** The default maximum number of values in a response. */
const defaultMostPastSamples = 250_000;

/** The topology, and the partitions whose virtual processors were listed; null for all. */
interface Existing {
  readonly topology: Topology;
  readonly lists: ReadonlySet<bigint> | null;
}

/** The health of the source, and the readings in memory. */
export interface SourceHealth extends AnswerHealth {
  /** The areas that it has of partitions and virtual processors. If it has only one, all callers get that one. */
  readonly areas: readonly StatisticsArea[];
  readonly held: HeldFacts;
}

/** Reads a source for all callers. Nothing runs between their calls, except ticks with watchers. */
export class Sampler {
  readonly #source: GuardedSource;
  readonly #clock: Clock;
  readonly #operations: OperationReaderOptions;
  /** How long new streams share their first tick, if it is not the scheduler's default. */
  readonly #firstTicks: { readonly shareMilliseconds?: number } = {};
  readonly #onError: (error: unknown) => void;
  readonly #onTickGiven: (lagSeconds: number) => void;
  readonly #historyWait: SamplerOptions['wait'];
  readonly #absences: Absences;
  readonly #arrivals: Arrivals;
  readonly #held: HeldReadings;
  readonly #findHeld: HeldReadings['find'] = (object, asked) => this.#held.find(object, asked);
  readonly #isOngoing = (object: Granted, { absencesBefore }: TakenSample): boolean =>
    this.#absences.isOngoing(object, absencesBefore);
  readonly #schedulers = new Map<number, TickScheduler>();
  readonly #snapshots: SharedSnapshots;
  readonly #recentTopology: ExpiringValue<Existing>;

  constructor(options: SamplerOptions) {
    const { source, timeoutMilliseconds, clock, shareMilliseconds } = options;
    this.#clock = clock;
    this.#historyWait = options.wait;
    this.#onError = options.onError ?? (() => {});
    this.#onTickGiven = options.onTickGiven ?? (() => {});
    this.#absences = new Absences(options.onAbsence);
    this.#arrivals = new Arrivals(steadyClockOf(clock));
    this.#held = new HeldReadings(this.#absences, options.holding, steadyClockOf(clock));
    if (shareMilliseconds !== undefined) this.#firstTicks = { shareMilliseconds };
    const sharing = { now: steadyClockOf(clock), windowMilliseconds: shareMilliseconds ?? 0 };
    this.#recentTopology = new ExpiringValue(sharing);
    this.#snapshots = new SharedSnapshots({
      ...sharing,
      read: (objects, signal) => this.#read(objects, signal),
      readSync: (objects) => this.#readSync(objects),
    });
    this.#operations = {
      defaultOver: options.defaultOver ?? 1000,
      snapshotOf: (set, asked) => this.#snapshots.snapshotOf(set, asked),
      wait: options.wait ?? waitFully,
      findHeld: this.#findHeld,
      history: new History((question) => this.#held.pasts(question)),
      fetchPasts: fetchPastsOf(options),
      isOngoing: this.#isOngoing,
      isNew: (object, milliseconds) => this.#arrivals.isNew(object, milliseconds),
    };
    this.#source = new GuardedSource({
      source,
      timeoutMilliseconds,
      clock,
      absences: this.#absences,
      arrivals: this.#arrivals,
      onHealthChange: (failure) => options.onHealthChange?.(failure),
      onClockWentBack: () => this.#forget(),
    });
  }

  get health(): SourceHealth {
    const [source, held] = [this.#source, this.#held];
    return {
      ...source.health,
      // Getters, because finding them takes time that few callers need.
      get areas() {
        return source.areas;
      },
      get held() {
        return source.held ?? held.facts;
      },
    };
  }

  /** The current health of the source. */
  get sourceState(): SourceState {
    return this.#source.state;
  }

  /**
   * Which objects exist now. Rejects with PAGE_UNAVAILABLE if the source fails or takes too long. With `lists`, the
   * virtual processors of other partitions may be those of an earlier call.
   */
  topology(signal: AbortSignal, lists: ReadonlySet<bigint> | null = null): Promise<Topology> {
    return this.#source.topology(signal, lists);
  }

  /** The same, without waiting if the source allows it, and shared like snapshots. */
  topologyFor(cancellation: Cancellation, lists: ReadonlySet<bigint> | null = null): MaybePromise<Topology> {
    const recent = this.#recentTopology.value;
    if (recent !== null && isWithin(lists, recent.lists)) return recent.topology;
    const began = this.#recentTopology.begin();
    const topology = this.#source.topologySync(lists);
    if (topology === null) {
      return this.topology(cancellation.signal).then(
        (late) => this.#recentTopology.keep({ topology: late, lists: null }, began).topology,
      );
    }
    if (topology instanceof Promise) return topology;
    this.#recentTopology.keep({ topology, lists }, began);
    return topology;
  }

  /** The topology and snapshot that are shared now; null if either is not. */
  get shared(): { readonly topology: Topology; readonly snapshot: TakenSnapshot } | null {
    const now = this.#recentTopology.begin();
    const snapshot = this.#snapshots.newestAt(now);
    const recent = this.#recentTopology.valueAt(now);
    return snapshot === null || recent === null ? null : { topology: recent.topology, snapshot };
  }

  /** A reader for one operation, which is cancelled with its caller. `waitsForNew` as for the reader. */
  readerFor(cancellation: Cancellation, waitsForNew = true): OperationSnapshotReader {
    return new OperationSnapshotReader(this.#operations, { cancellation, waitsForNew });
  }

  /** The shared scheduler of ticks at this interval. */
  scheduler(everyMilliseconds: number): TickScheduler {
    for (const [every, { isWatched }] of this.#schedulers) if (!isWatched) this.#schedulers.delete(every);
    const scheduler =
      this.#schedulers.get(everyMilliseconds) ??
      new TickScheduler({
        everyMilliseconds,
        clock: this.#clock,
        topology: (signal, lists) => this.topology(signal, lists),
        read: (objects, signal) => this.#read(objects, signal),
        findHeld: this.#findHeld,
        snapshotMemory: this.#held.snapshotMemory,
        isOngoing: this.#isOngoing,
        onError: this.#onError,
        onGiven: this.#onTickGiven,
        ...this.#firstTicks,
      });
    this.#schedulers.set(everyMilliseconds, scheduler);
    return scheduler;
  }

  /** Reads everything that callers may read at this interval, until the signal is aborted. Never rejects. */
  recordHistory(everyMilliseconds: number, signal: AbortSignal): Promise<void> {
    const options = {
      everyMilliseconds,
      clock: this.#clock,
      topology: (limited: AbortSignal) => this.topology(limited),
      read: (objects: readonly Granted[], limited: AbortSignal) => this.#read(objects, limited),
      onError: this.#onError,
      ...(this.#historyWait === undefined ? {} : { wait: this.#historyWait }),
    };
    return recordHistory(options, signal);
  }

  /** Adds the absences that another process has found in the same source. */
  noteAbsence(report: AbsenceReport): void {
    this.#absences.noteReport(report);
  }

  /**
   * Resolves if the last call of the source succeeded within this time, or a call succeeds now. Rejects immediately
   * while the circuit breaker is open; the first check after its pause makes the trial call.
   */
  async checkReady(limits: { signal: AbortSignal; maximumAgeMilliseconds: number }): Promise<void> {
    if (this.#source.hasAnsweredWithin(limits.maximumAgeMilliseconds)) return;
    await this.topology(limits.signal);
    await this.#read([], limits.signal);
  }

  async #read(objects: readonly Granted[], signal: AbortSignal): Promise<TakenReadings> {
    const readings = await this.#source.read(objects, signal);
    this.#held.hold(objects, readings);
    return readings;
  }

  #readSync(objects: readonly Granted[]): MaybePromise<TakenReadings> | null {
    const readings = this.#source.readSync(objects);
    if (readings !== null && !(readings instanceof Promise)) this.#held.hold(objects, readings);
    return readings;
  }

  /** Readings from before the source's clock went back cannot be compared with later ones. */
  #forget(): void {
    this.#held.forgetAll();
    this.#snapshots.forget();
    for (const scheduler of this.#schedulers.values()) scheduler.forgetHistory();
  }
}

/** null for a source without a history of its own. */
function fetchPastsOf({ source, holding, mostPastSamples }: SamplerOptions): FetchPasts | null {
  if (source.past === undefined) return null;
  const { historyMilliseconds } = holding ?? defaultHoldingLimits;
  const most = mostPastSamples ?? defaultMostPastSamples;
  return (questions, signal) => {
    const bounded = questions.map(({ objects, last, step }) => ({
      objects,
      last: Math.min(last ?? Infinity, historyMilliseconds),
      step,
    }));
    return source.past?.(bounded, { most, isReset: isResetBetween, signal }) ?? Promise.resolve([]);
  };
}

/** Timers may fire up to a millisecond before the steady clock has reached their time. */
function waitFully(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds + 1, undefined, { signal });
}
