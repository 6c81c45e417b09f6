/** Work in slices of time, so that one operation does not block the event loop for long. */
import { eventLoop } from './fair-schedule.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';

/** Work that yields where it may be interrupted: a promise to wait for, or undefined to let other work run. */
export type SlicedWork<Result> = Generator<Promise<unknown> | undefined, Result, unknown>;

/** Lets other work run. Paused operations continue in turn. */
export function otherWork(): Promise<void> {
  return eventLoop.turn(null);
}

/** How long work runs before other work may run, in milliseconds. */
export const sliceMilliseconds = 10;
/**
 * The minimum processor time of a slice: if other processes use the processor, elapsed time alone would end
 * slices in which almost nothing was done.
 */
const leastSpentMilliseconds = sliceMilliseconds / 2;
/** The longest slice, regardless of its processor time. */
const longestSliceMilliseconds = 200;

/** The clocks of slices, in milliseconds. */
export interface SliceClock {
  readonly now: () => number;
  /** The processor time that this process has used. */
  readonly spent: () => number;
}

const processClock: SliceClock = { now: () => performance.now(), spent: spentMilliseconds };

/** The processor time of this process, in milliseconds. */
export function spentMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The current slice of some work. */
export class TimeSlice {
  readonly #clock: SliceClock;
  #endsAt: number;
  #endsAtLatest: number;
  /** The processor time at the beginning; null in the first slice, since most work needs no second one. */
  #spentBefore: number | null = null;

  constructor(clock: SliceClock = processClock) {
    this.#clock = clock;
    this.#endsAt = this.#endsAtLatest = clock.now() + sliceMilliseconds;
  }

  /** Whether other work should run now. */
  get isOver(): boolean {
    const now = this.#clock.now();
    if (now <= this.#endsAt) return false;
    if (this.#spentBefore === null || now > this.#endsAtLatest) return true;
    const spent = this.#clock.spent() - this.#spentBefore;
    if (spent >= leastSpentMilliseconds) return true;
    this.#endsAt = now + leastSpentMilliseconds - spent;
    return false;
  }

  /** Begins a new slice. */
  begin(): void {
    const { now, spent } = this.#clock;
    this.#endsAt = now() + sliceMilliseconds;
    this.#endsAtLatest = this.#endsAt - sliceMilliseconds + longestSliceMilliseconds;
    this.#spentBefore = spent();
  }

  /** Lets other work run, and begins a new slice after it. */
  *pause(): SlicedWork<void> {
    yield undefined;
    this.begin();
  }
}

/**
 * Runs the work, without waiting if it never yields. `onResume` is called before it continues after other work; the
 * work rejects with what it throws.
 */
export function runInSlices<Result>(
  work: SlicedWork<Result>,
  onResume: () => void = () => {},
): MaybePromise<Result> {
  const step = work.next();
  return step.done === true ? step.value : resume(work, { awaited: step.value, onResume });
}

async function resume<Result>(
  work: SlicedWork<Result>,
  { awaited, onResume }: { awaited: Promise<unknown> | undefined; onResume: () => void },
): Promise<Result> {
  let next = awaited;
  for (;;) {
    const value: unknown = await (next ?? otherWork());
    if (next === undefined) onResume();
    const step = work.next(value);
    if (step.done === true) return step.value;
    next = step.value;
  }
}
