/** What a source answers is checked here, before anything builds on it: a source that is wrong must not make us wrong. */
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { describeObject, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { isRecord, topologyProblem } from './topology-check.ts';

/** What was asked for, and what was known when it was. */
export interface Asked {
  readonly objects: readonly ObjectName[];
  /** The newest moment that the source had told by then, from `newestNanoseconds`. */
  readonly newestNanoseconds: bigint | null;
}

const latestDateMilliseconds = 8.64e15;

/**
 * Checks answers at the cost of a comparison an object, and remembers what it needs for that. What is wrong with an
 * answer stands in the cause of the error, for the log: it may tell of objects that are not for every caller.
 */
export class SourceCheck {
  readonly #onClockWentBack: () => void;
  readonly #checked = new WeakSet<Topology>();
  #newestNanoseconds: bigint | null = null;

  /** `onClockWentBack` is told that the source's steady clock has begun anew: no earlier moment fits later ones. */
  constructor(onClockWentBack: () => void) {
    this.#onClockWentBack = onClockWentBack;
  }

  get newestNanoseconds(): bigint | null {
    return this.#newestNanoseconds;
  }

  /** The topology; throws PAGE_UNAVAILABLE where it is none. One that is the very same is not checked again. */
  topology(answer: Topology): Topology {
    if (this.#checked.has(answer)) return answer;
    const problem = topologyProblem(answer);
    if (problem !== null) throw invalidAnswer(problem);
    this.#checked.add(answer);
    return answer;
  }

  /**
   * The readings, with PAGE_UNAVAILABLE in the place of each that is none. Throws PAGE_UNAVAILABLE where they are not
   * as many as objects, and once where their moment is before one that was known when they were asked for.
   */
  readings(answer: Readings, { objects, newestNanoseconds: known }: Asked): Readings {
    const problem = readingsProblem(answer, objects.length);
    if (problem !== null) throw invalidAnswer(problem);
    const { at, outcomes } = answer;
    const now = at.monotonicNanoseconds;
    if (known !== null && now < known) {
      this.#newestNanoseconds = now;
      this.#onClockWentBack();
      throw invalidAnswer(`its clock went back by ${known - now} ns`);
    }
    if (this.#newestNanoseconds === null || now > this.#newestNanoseconds) this.#newestNanoseconds = now;
    // Unlike `every`, this looks into the holes of a list as well.
    if (outcomes.findIndex((outcome) => !isOutcome(outcome)) < 0) return answer;
    return { at, outcomes: objects.map((object, n) => outcomeOr(object, outcomes[n])) };
  }
}

function readingsProblem(answer: unknown, count: number): string | null {
  if (!isRecord(answer)) return 'there are no readings';
  const { at, outcomes } = answer;
  if (!isMoment(at)) return 'the readings have no moment';
  if (!Array.isArray(outcomes)) return 'the readings are no list';
  if (outcomes.length !== count)
    return `${count} objects were asked for, but ${outcomes.length} outcomes came`;
  return null;
}

function isMoment(value: unknown): value is Moment {
  if (!isRecord(value)) return false;
  const { wallMilliseconds: wall, monotonicNanoseconds } = value;
  if (typeof wall !== 'number' || typeof monotonicNanoseconds !== 'bigint') return false;
  return Math.abs(wall) <= latestDateMilliseconds;
}

function outcomeOr(object: ObjectName, outcome: unknown): Reading | HvqlError {
  if (isOutcome(outcome)) return outcome;
  return new HvqlError('PAGE_UNAVAILABLE', `The source gave no reading of ${describeObject(object)}.`);
}

function isOutcome(value: unknown): value is Reading | HvqlError {
  if (!isRecord(value)) return false;
  if (value instanceof HvqlError) return value.code === 'PAGE_UNAVAILABLE' || value.code === 'PAGE_MALFORMED';
  return typeof value['value'] === 'function' && isPageView(value['page']);
}

function isPageView(page: unknown): boolean {
  return page === null || (isRecord(page) && typeof page['groups'] === 'function');
}

function invalidAnswer(problem: string): HvqlError {
  return new HvqlError(
    'PAGE_UNAVAILABLE',
    'The source gave an answer that makes no sense.',
    {},
    { cause: new TypeError(`The source gave an answer that makes no sense: ${problem}.`) },
  );
}
