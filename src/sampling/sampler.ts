/** The one way to the source: guarded looks, readings held for the next question, and how it has been going. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Granted } from '../access/access.ts';
import type { HvqlError } from '../errors.ts';
import type { Clock, Moment } from '../snapshot/moment.ts';
import type { StatisticsArea } from '../snapshot/object-name.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Source } from '../source/source.ts';
import { Absences, type AbsenceReport } from './guard/absences.ts';
import { isWithin } from './read/topology-scope.ts';
import type { Cancellation } from '../lib/shared-abort.ts';
import { CircuitBreaker } from './guard/circuit-breaker.ts';
import { TickScheduler } from './schedule/tick-scheduler.ts';
import { HeldReadings, type HeldFacts, type HoldingLimits } from './read/held-readings.ts';
import { ExpiringValue } from './read/expiring-value.ts';
import { OperationSnapshotReader } from './read/operation-snapshot-reader.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { SharedSnapshots } from './read/shared-snapshots.ts';
import type { TakenSnapshot, TakenReadings } from './read/snapshot.ts';
import { SourceCheck, type Asked } from './guard/source-check.ts';

/** How a sampler reads. */
export interface SamplerOptions {
  readonly source: Source;
  /** How long one reading of the source may take. */
  readonly timeoutMilliseconds: number;
  /** Told of what nobody expected while ticks went on. */
  readonly onError?: (error: unknown) => void;
  /** Told when the source stops answering, with the reason, and when it answers again, with null. */
  readonly onHealthChange?: (reason: HvqlError | null) => void;
  /** Called with what this sampler has seen to be absent, for other processes that read the same source. */
  readonly onAbsence?: (report: AbsenceReport) => void;
  /** Waits between two readings; the system's timer where nothing else is given. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** What growth is taken over where a question does not say. */
  readonly defaultOver?: number;
  /** How long questions share a look, and what exists, counted from its reading; 0, or nothing, is not at all. */
  readonly shareMilliseconds?: number;
  /** How much is held for later questions; some default where nothing is given. */
  readonly holding?: HoldingLimits;
  /** The service's own clock, for the age of the last success. */
  readonly clock: Clock;
}

/** What exists, and whose virtual processors were looked for; null is everybody's. */
interface Existing {
  readonly topology: Topology;
  readonly lists: ReadonlySet<bigint> | null;
}

const onlyParent: readonly StatisticsArea[] = ['PARENT'];

/** How the source has been answering; nothing in it tells a stranger where the source is. */
export interface SourceHealth {
  readonly kind: string;
  /** Wall clock of the last success; null before the first. */
  readonly lastReadAt: number | null;
  /** Whether the last answer was a success; null before the first. */
  readonly isAnswering: boolean | null;
  /** Lines that the source could not read since it was opened; null where it reads no text. */
  readonly unreadableLines: number | null;
  /** The areas that it has of partitions and virtual processors: where it has one only, everybody is given that. */
  readonly areas: readonly StatisticsArea[];
  /** What is held of its readings. */
  readonly held: HeldFacts;
}

/**
 * Reads a source for whoever asks. Between questions nothing runs. The source may hang, throw or answer nonsense: what
 * comes of it is PAGE_UNAVAILABLE, and a source that goes on like that is asked now and then only.
 */
export class Sampler {
  readonly #source: Source;
  readonly #check: SourceCheck;
  /** Each kind of question has its own: a source that lists what exists may hang where it reads, and the reverse. */
  readonly #topologyBreaker: CircuitBreaker;
  readonly #readingBreaker: CircuitBreaker;
  readonly #defaultOver: number;
  readonly #clock: Clock;
  readonly #wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** How long streams that have just come share one; the grid's own time where nothing else is given. */
  readonly #firstTicks: { readonly shareMilliseconds?: number } = {};
  readonly #onError: (error: unknown) => void;
  readonly #absences: Absences;
  readonly #held: HeldReadings;
  readonly #findHeld: HeldReadings['find'] = (object, asked) => this.#held.find(object, asked);
  readonly #schedulers = new Map<number, TickScheduler>();
  readonly #snapshots: SharedSnapshots;
  readonly #recentTopology: ExpiringValue<Existing>;
  #lastSuccess: Moment | null = null;

  constructor(options: SamplerOptions) {
    this.#source = options.source;
    this.#defaultOver = options.defaultOver ?? 1000;
    this.#clock = options.clock;
    this.#onError = options.onError ?? (() => {});
    this.#absences = new Absences(options.onAbsence);
    this.#held = new HeldReadings(this.#absences, options.holding);
    this.#wait = options.wait ?? waitFully;
    this.#check = new SourceCheck(() => this.#forget());
    const { shareMilliseconds } = options;
    if (shareMilliseconds !== undefined) this.#firstTicks = { shareMilliseconds };
    const sharing = { clock: options.clock, windowMilliseconds: shareMilliseconds ?? 0 };
    this.#recentTopology = new ExpiringValue(sharing);
    this.#snapshots = new SharedSnapshots({
      ...sharing,
      read: (objects, signal) => this.#read(objects, signal),
      readSync: (objects) => this.#readSync(objects),
    });
    const newBreaker = (other: () => CircuitBreaker): CircuitBreaker =>
      new CircuitBreaker({
        limitMilliseconds: options.timeoutMilliseconds,
        onHealthChange: (failure) => {
          // Where the other kind of question fails as well, nothing has turned.
          if (!other().isFailing) options.onHealthChange?.(failure);
        },
      });
    this.#topologyBreaker = newBreaker(() => this.#readingBreaker);
    this.#readingBreaker = newBreaker(() => this.#topologyBreaker);
  }

  get health(): SourceHealth {
    const isFailing = this.#topologyBreaker.isFailing || this.#readingBreaker.isFailing;
    const [source, held] = [this.#source, this.#held];
    return {
      kind: this.#source.kind,
      lastReadAt: this.#lastSuccess?.wallMilliseconds ?? null,
      isAnswering: isFailing ? false : this.#lastSuccess === null ? null : true,
      unreadableLines: source.unreadableLines ?? null,
      // Found when it is asked for: a folder has to be searched.
      get areas() {
        return source.areas ?? onlyParent;
      },
      get held() {
        return held.facts;
      },
    };
  }

  /**
   * Which objects exist now. Rejects with PAGE_UNAVAILABLE where the source fails or takes too long. Where `lists` is
   * given, the virtual processors of other partitions may be as they were.
   */
  topology(signal: AbortSignal, lists: ReadonlySet<bigint> | null = null): Promise<Topology> {
    return this.#topologyBreaker.call(async (limited) => {
      const answer = await this.#source.topology(limited, lists);
      // What comes after its time is not used for anything.
      limited.throwIfAborted();
      return this.#checkedTopology(answer);
    }, signal);
  }

  /** The same, at once where nothing has to be waited for; within the time that looks are shared it is not asked again. */
  topologyFor(cancellation: Cancellation, lists: ReadonlySet<bigint> | null = null): MaybePromise<Topology> {
    const recent = this.#recentTopology.value;
    if (recent !== null && isWithin(lists, recent.lists)) return recent.topology;
    const began = this.#recentTopology.begin();
    const syncAnswer = this.#topologySync(lists);
    if (syncAnswer === null) {
      return this.topology(cancellation.signal).then(
        (topology) => this.#recentTopology.keep({ topology, lists: null }, began).topology,
      );
    }
    if (syncAnswer instanceof Promise) return syncAnswer;
    this.#recentTopology.keep({ topology: syncAnswer, lists }, began);
    return syncAnswer;
  }

  /** What exists, and the newest look, while they are shared: what is known without asking anybody. */
  get shared(): { readonly topology: Topology; readonly snapshot: TakenSnapshot } | null {
    const now = this.#recentTopology.begin();
    const snapshot = this.#snapshots.newestAt(now);
    const recent = this.#recentTopology.valueAt(now);
    return snapshot === null || recent === null ? null : { topology: recent.topology, snapshot };
  }

  /** A look for one operation; it ends with the asker. */
  readerFor(cancellation: Cancellation): OperationSnapshotReader {
    return new OperationSnapshotReader({
      defaultOver: this.#defaultOver,
      snapshotOf: (set, fresh) => this.#snapshots.snapshotOf(set, { cancellation, fresh }),
      wait: (milliseconds) => this.#wait(milliseconds, cancellation.signal),
      findHeld: this.#findHeld,
      isOngoing: (object, { absencesBefore }) => this.#absences.isOngoing(object, absencesBefore),
    });
  }

  /** The grid of ticks at this distance that all share. */
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
        isOngoing: (object, { absencesBefore }) => this.#absences.isOngoing(object, absencesBefore),
        onError: this.#onError,
        ...this.#firstTicks,
      });
    this.#schedulers.set(everyMilliseconds, scheduler);
    return scheduler;
  }

  /** Another process that reads the same source has seen something to be absent. */
  noteAbsence(report: AbsenceReport): void {
    this.#absences.noteReport(report);
  }

  /**
   * Resolves if the source answered within the last so many milliseconds and has not failed since, or does now. While
   * it is left alone it rejects at once; the first check after such a pause tries it.
   */
  async checkReady(limits: { signal: AbortSignal; maximumAgeMilliseconds: number }): Promise<void> {
    if (this.health.isAnswering === true && this.#successAge() <= limits.maximumAgeMilliseconds) return;
    await this.topology(limits.signal);
    await this.#read([], limits.signal);
  }

  async #read(objects: readonly Granted[], signal: AbortSignal): Promise<TakenReadings> {
    const readings = await this.#readingBreaker.call(async (limited) => {
      const asked = this.#asked(objects);
      const answer = await this.#source.read(objects, limited);
      limited.throwIfAborted();
      return this.#checkedReadings(answer, asked);
    }, signal);
    this.#held.hold(objects, readings);
    return readings;
  }

  #readSync(objects: readonly Granted[]): MaybePromise<TakenReadings> | null {
    const source = this.#source.sync;
    if (source === undefined) return null;
    const readings = this.#readingBreaker.callSync(() => {
      const asked = this.#asked(objects);
      const answer = source.read(objects);
      return answer === null ? null : this.#checkedReadings(answer, asked);
    });
    if (readings !== null && !(readings instanceof Promise)) this.#held.hold(objects, readings);
    return readings;
  }

  /** What is known when a reading begins. */
  #asked(objects: readonly Granted[]): Asked & { readonly absencesBefore: number } {
    const { newestNanoseconds } = this.#check;
    return { objects, newestNanoseconds, absencesBefore: this.#absences.count };
  }

  #topologySync(lists: ReadonlySet<bigint> | null): MaybePromise<Topology> | null {
    const source = this.#source.sync;
    if (source === undefined) return null;
    return this.#topologyBreaker.callSync(() => {
      const answer = source.topology(lists);
      return answer === null ? null : this.#checkedTopology(answer);
    });
  }

  #checkedTopology(answer: Topology): Topology {
    const checked = this.#check.topology(answer);
    this.#absences.noteTopology(checked);
    this.#lastSuccess = this.#clock.now();
    return checked;
  }

  #checkedReadings(answer: Readings, asked: Asked & { readonly absencesBefore: number }): TakenReadings {
    const { at, outcomes } = this.#check.readings(answer, asked);
    this.#absences.noteReadings(asked.objects, { outcomes });
    this.#lastSuccess = this.#clock.now();
    return { at, outcomes, absencesBefore: asked.absencesBefore };
  }

  #successAge(): number {
    if (this.#lastSuccess === null) return Infinity;
    const { monotonicNanoseconds } = this.#lastSuccess;
    return Number(this.#clock.now().monotonicNanoseconds - monotonicNanoseconds) / 1e6;
  }

  /** What was read before the source's clock went back has no place in time any more. */
  #forget(): void {
    this.#held.forgetAll();
    this.#snapshots.forget();
    for (const scheduler of this.#schedulers.values()) scheduler.forgetHistory();
  }
}

/** Timers may fire up to a millisecond before the steady clock has got there. */
function waitFully(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds + 1, undefined, { signal });
}
