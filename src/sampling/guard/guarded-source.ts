/** A source behind circuit breakers. Checks its results and records its health. */
import type { Granted } from '../../access/access.ts';
import type { HvqlError } from '../../errors.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { steadyClockOf, type Clock } from '../../snapshot/moment.ts';
import type { StatisticsArea } from '../../snapshot/object-name.ts';
import type { HeldFacts } from '../../snapshot/past.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../../source/source.ts';
import type { TakenReadings } from '../read/snapshot.ts';
import type { Absences } from './absences.ts';
import type { Arrivals } from './arrivals.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { SourceCheck, type Asked } from './source-check.ts';

/** How a source is guarded. */
export interface GuardedSourceOptions {
  readonly source: Source;
  /** How long one call of the source may take. */
  readonly timeoutMilliseconds: number;
  /** The service's own clock, for the age of the last success. */
  readonly clock: Clock;
  /** Receives the absences that the results show. */
  readonly absences: Absences;
  /** Receives the topologies, to find objects that are listed for the first time. */
  readonly arrivals: Arrivals;
  /** Called with the reason when the source starts to fail, and with null when it works again. */
  readonly onHealthChange: (reason: HvqlError | null) => void;
  /** Called when the source's steady clock has restarted: earlier times cannot be compared with later ones. */
  readonly onClockWentBack: () => void;
}

/** The health of the source. Contains nothing about where the source is. */
export interface AnswerHealth {
  readonly kind: string;
  /** Wall clock of the last success; null before the first. */
  readonly lastReadAt: number | null;
  /** Whether the last answer was a success; null before the first. */
  readonly isAnswering: boolean | null;
  /** Lines that the source could not parse since it was opened; null if it reads no text. */
  readonly unreadableLines: number | null;
}

/** The current health of the source. */
export interface SourceState {
  /** Whether the last answer was a success; null before the first. */
  readonly isAnswering: boolean | null;
  /** Time since the last success; null before the first. */
  readonly ageSeconds: number | null;
  /** How long the last successful read took; null before the first. */
  readonly readSeconds: number | null;
  readonly isTopologyCircuitOpen: boolean;
  readonly isReadingCircuitOpen: boolean;
}

/** The state when a reading begins. */
interface Begun extends Asked {
  readonly absencesBefore: number;
  /** By the steady clock. */
  readonly startedAt: number;
}

const onlyParent: readonly StatisticsArea[] = ['PARENT'];

/**
 * The source may hang, throw or return invalid results: each of these rejects with PAGE_UNAVAILABLE, and a source that
 * keeps failing is called only occasionally.
 */
export class GuardedSource {
  readonly #source: Source;
  readonly #clock: Clock;
  /** As a number: each query of a source that does not wait reads it three times. */
  readonly #steadyNow: () => number;
  readonly #absences: Absences;
  readonly #arrivals: Arrivals;
  readonly #check: SourceCheck;
  /** One for each kind of call: a source may list its topology but hang when it reads, and the reverse. */
  readonly #topologyBreaker: CircuitBreaker;
  readonly #readingBreaker: CircuitBreaker;
  /** By the steady clock; null before the first success. */
  #succeededAt: number | null = null;
  /** The wall clock of a success, computed on first access. */
  #shown: { readonly succeededAt: number; readonly wallMilliseconds: number } | null = null;
  #readMilliseconds: number | null = null;

  constructor(options: GuardedSourceOptions) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#steadyNow = steadyClockOf(options.clock);
    this.#absences = options.absences;
    this.#arrivals = options.arrivals;
    this.#check = new SourceCheck(options.onClockWentBack);
    const newBreaker = (other: () => CircuitBreaker): CircuitBreaker =>
      new CircuitBreaker({
        limitMilliseconds: options.timeoutMilliseconds,
        onHealthChange: (failure) => {
          // While the other kind of call fails, the health as a whole has not changed.
          if (!other().isFailing) options.onHealthChange(failure);
        },
      });
    this.#topologyBreaker = newBreaker(() => this.#readingBreaker);
    this.#readingBreaker = newBreaker(() => this.#topologyBreaker);
  }

  get health(): AnswerHealth {
    const source = this.#source;
    return {
      kind: source.kind,
      lastReadAt: this.#lastReadAt,
      isAnswering: this.#isAnswering,
      unreadableLines: source.unreadableLines ?? null,
    };
  }

  get state(): SourceState {
    const age = this.#ageMilliseconds;
    return {
      isAnswering: this.#isAnswering,
      ageSeconds: age === null ? null : age / 1e3,
      readSeconds: this.#readMilliseconds === null ? null : this.#readMilliseconds / 1e3,
      isTopologyCircuitOpen: this.#topologyBreaker.isOpen,
      isReadingCircuitOpen: this.#readingBreaker.isOpen,
    };
  }

  /** The areas that the source has now of partitions and virtual processors. A folder is searched for them. */
  get areas(): readonly StatisticsArea[] {
    return this.#source.areas ?? onlyParent;
  }

  /** How much history it has itself; null if it has none. */
  get held(): HeldFacts | null {
    return this.#source.held ?? null;
  }

  /** Whether the last call of the source succeeded within this time. */
  hasAnsweredWithin(milliseconds: number): boolean {
    const age = this.#ageMilliseconds;
    return age !== null && age <= milliseconds && this.#isAnswering === true;
  }

  /** Which objects exist now. Virtual processors of partitions outside `lists` may be those of an earlier call. */
  topology(signal: AbortSignal, lists: ReadonlySet<bigint> | null): Promise<Topology> {
    return this.#topologyBreaker.call(async (limited) => {
      const answer = await this.#source.topology(limited, lists);
      // Late results are discarded.
      limited.throwIfAborted();
      return this.#checkedTopology(answer);
    }, signal);
  }

  /** The same without waiting; null if the source has to be waited for. */
  topologySync(lists: ReadonlySet<bigint> | null): MaybePromise<Topology> | null {
    const source = this.#source.sync;
    if (source === undefined) return null;
    return this.#topologyBreaker.callSync(() => {
      const answer = source.topology(lists);
      return answer === null ? null : this.#checkedTopology(answer);
    });
  }

  /** Reads objects in one batch. */
  read(objects: readonly Granted[], signal: AbortSignal): Promise<TakenReadings> {
    return this.#readingBreaker.call(async (limited) => {
      const begun = this.#begin(objects);
      const answer = await this.#source.read(objects, limited);
      limited.throwIfAborted();
      return this.#checkedReadings(answer, begun);
    }, signal);
  }

  /** The same without waiting; null if the source has to be waited for. */
  readSync(objects: readonly Granted[]): MaybePromise<TakenReadings> | null {
    const source = this.#source.sync;
    if (source === undefined) return null;
    return this.#readingBreaker.callSync(() => {
      const begun = this.#begin(objects);
      const answer = source.read(objects);
      return answer === null ? null : this.#checkedReadings(answer, begun);
    });
  }

  get #isAnswering(): boolean | null {
    if (this.#topologyBreaker.isFailing || this.#readingBreaker.isFailing) return false;
    return this.#succeededAt === null ? null : true;
  }

  /** Time since the last success. */
  get #ageMilliseconds(): number | null {
    return this.#succeededAt === null ? null : this.#steadyNow() - this.#succeededAt;
  }

  get #lastReadAt(): number | null {
    const [succeededAt, age] = [this.#succeededAt, this.#ageMilliseconds];
    if (succeededAt === null || age === null) return null;
    if (this.#shown?.succeededAt !== succeededAt) {
      const wallMilliseconds = Math.floor(this.#clock.now().wallMilliseconds - age);
      this.#shown = { succeededAt, wallMilliseconds };
    }
    return this.#shown.wallMilliseconds;
  }

  #begin(objects: readonly Granted[]): Begun {
    const { newestNanoseconds } = this.#check;
    return { objects, newestNanoseconds, absencesBefore: this.#absences.count, startedAt: this.#steadyNow() };
  }

  #checkedTopology(answer: Topology): Topology {
    const checked = this.#check.topology(answer);
    this.#absences.noteTopology(checked);
    this.#arrivals.noteTopology(checked);
    this.#succeededAt = this.#steadyNow();
    return checked;
  }

  #checkedReadings(answer: Readings, begun: Begun): TakenReadings {
    const { at, outcomes } = this.#check.readings(answer, begun);
    this.#absences.noteReadings(begun.objects, { outcomes });
    this.#succeededAt = this.#steadyNow();
    this.#readMilliseconds = this.#succeededAt - begun.startedAt;
    return { at, outcomes, absencesBefore: begun.absencesBefore };
  }
}
