/** A source that keeps the history of everything that is read through it, for the process that reads it for others. */
import { steadyClockOf, type Clock } from '../snapshot/moment.ts';
import type { ObjectName, StatisticsArea } from '../snapshot/object-name.ts';
import { checkSampleCount, type HeldFacts, type PastQuestion } from '../snapshot/past.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { PastOptions, Source } from '../source/source.ts';
import { Absences, type AbsenceReport } from './guard/absences.ts';
import { SourceCheck } from './guard/source-check.ts';
import { HeldReadings, type HoldingLimits } from './read/held-readings.ts';
import type { TakenReadings } from './read/snapshot.ts';
import { isResetBetween } from './read/history.ts';

/** How much history is kept, and the clock. */
export interface KeptPastOptions {
  readonly clock: Clock;
  readonly holding: HoldingLimits;
}

const countingMilliseconds = 500;

/** Keeps what is read through it, unless the source has a history of its own. */
export class KeptPast implements Source {
  readonly kind: string;
  readonly description: string;
  readonly #source: Source;
  readonly #absences = new Absences();
  readonly #held: HeldReadings;
  readonly #steadyNow: () => number;
  readonly #noting = new Set<() => void>();
  /** Computed only from time to time, because it visits every object. */
  #facts: HeldFacts | null = null;
  #countedAt = Number.NEGATIVE_INFINITY;
  readonly #check = new SourceCheck(() => this.#held.forgetAll());

  constructor(source: Source, { clock, holding }: KeptPastOptions) {
    this.kind = source.kind;
    this.description = source.description;
    this.#source = source;
    this.#steadyNow = steadyClockOf(clock);
    this.#held = new HeldReadings(this.#absences, holding, this.#steadyNow);
  }

  get host(): string | null {
    return this.#source.host ?? null;
  }

  get unreadableLines(): number | null {
    return this.#source.unreadableLines ?? null;
  }

  get areas(): readonly StatisticsArea[] | null {
    return this.#source.areas ?? null;
  }

  get held(): HeldFacts | null {
    return this.#facts;
  }

  onChange(note: () => void): () => void {
    this.#noting.add(note);
    return () => this.#noting.delete(note);
  }

  async topology(signal: AbortSignal): ReturnType<Source['topology']> {
    const topology = this.#check.topology(await this.#source.topology(signal));
    this.#absences.noteTopology(topology);
    return topology;
  }

  async read(objects: readonly ObjectName[], signal: AbortSignal): Promise<Readings> {
    const { newestNanoseconds } = this.#check;
    const absencesBefore = this.#absences.count;
    const answer = await this.#source.read(objects, signal);
    const { at, outcomes } = this.#check.readings(answer, { objects, newestNanoseconds });
    this.#absences.noteReadings(objects, { outcomes });
    if (this.#source.past === undefined) this.#hold(objects, { at, outcomes, absencesBefore });
    return answer;
  }

  /** Keeps what another process has read from the same source. */
  hold(objects: readonly ObjectName[], { at, outcomes }: Readings): void {
    this.#absences.noteReadings(objects, { outcomes });
    this.#hold(objects, { at, outcomes, absencesBefore: this.#absences.count });
  }

  #hold(objects: readonly ObjectName[], readings: TakenReadings): void {
    this.#held.hold(objects, readings);
    const now = this.#steadyNow();
    if (now - this.#countedAt < countingMilliseconds) return;
    this.#countedAt = now;
    this.#facts = this.#held.facts;
    for (const note of this.#noting) note();
  }

  /** Adds the absences that another process has found in the same source. */
  noteAbsence(report: AbsenceReport): void {
    this.#absences.noteReport(report);
  }

  async past(
    questions: readonly PastQuestion[],
    options: PastOptions,
  ): ReturnType<NonNullable<Source['past']>> {
    if (this.#source.past !== undefined)
      return this.#source.past(questions, { ...options, isReset: isResetBetween });
    const answers = questions.map((question) => this.#held.pasts(question));
    const counts = answers.flat().map(({ samples }) => samples.length);
    checkSampleCount(
      counts.reduce((a, b) => a + b, 0),
      options.most,
    );
    return answers;
  }

  close(): Promise<void> {
    this.#held.forgetAll();
    return this.#source.close();
  }
}
