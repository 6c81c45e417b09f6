/** Checks the results of a source before they are used. */
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { describeObject, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { isRecord, topologyProblem } from './topology-check.ts';

/** The requested objects, and the state at that time. */
export interface Asked {
  readonly objects: readonly ObjectName[];
  /** The newest moment of the source at that time, from `newestNanoseconds`. */
  readonly newestNanoseconds: bigint | null;
}

const latestDateMilliseconds = 8.64e15;

/**
 * Checks at the cost of a comparison per object, and keeps the state that this needs. The problem with a result is
 * the cause of the error, which only the log has: it may mention objects that the caller must not know about.
 */
export class SourceCheck {
  readonly #onClockWentBack: () => void;
  readonly #checked = new WeakSet<Topology>();
  #newestNanoseconds: bigint | null = null;

  /**
   * `onClockWentBack` is called when the source's steady clock has restarted: earlier times cannot be compared with later
   * ones.
   */
  constructor(onClockWentBack: () => void) {
    this.#onClockWentBack = onClockWentBack;
  }

  get newestNanoseconds(): bigint | null {
    return this.#newestNanoseconds;
  }

  /** The topology. Throws PAGE_UNAVAILABLE if it is invalid. The same object is checked only once. */
  topology(answer: Topology): Topology {
    if (this.#checked.has(answer)) return answer;
    const problem = topologyProblem(answer);
    if (problem !== null) throw invalidAnswer(problem);
    this.#checked.add(answer);
    return answer;
  }

  /**
   * The readings, with PAGE_UNAVAILABLE in place of each invalid one. Throws PAGE_UNAVAILABLE if their number differs
   * from that of the objects, and once if their moment is before one that was known when they were asked for.
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
    // Unlike `every`, this also visits the holes of a list.
    if (outcomes.findIndex((outcome) => !isOutcome(outcome)) < 0) return answer;
    return { at, outcomes: objects.map((object, n) => outcomeOr(object, outcomes[n])) };
  }
}

function readingsProblem(answer: unknown, count: number): string | null {
  if (!isRecord(answer)) return 'the readings are missing';
  const { at, outcomes } = answer;
  if (!isMoment(at)) return 'the readings have no valid moment';
  if (!Array.isArray(outcomes)) return 'the outcomes are not a list';
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
  return new HvqlError('PAGE_UNAVAILABLE', `The source returned no reading of ${describeObject(object)}.`);
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
    'The source gave an invalid answer.',
    {},
    { cause: new TypeError(`The source gave an invalid answer: ${problem}.`) },
  );
}
