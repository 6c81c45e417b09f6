/** Work in slices of time, so that one operation does not block the event loop for long. */
import { eventLoop } from './fair-schedule.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';

/** Work that yields where it may be interrupted: a promise to wait for, or undefined to let other work run. */
export type SlicedWork<Result> = Generator<Promise<unknown> | undefined, Result, unknown>;

/** Lets other work run. Paused operations continue in turn. */
export function otherWork(): Promise<void> {
  return eventLoop.turn(null);
}

/** How long work runs before other work has its turn, in milliseconds. */
export const sliceMilliseconds = 10;

/** The current slice of some work. */
export class TimeSlice {
  #endsAt = performance.now() + sliceMilliseconds;

  /** Whether other work should run now. */
  get isOver(): boolean {
    return performance.now() > this.#endsAt;
  }

  /** Begins a new slice. */
  begin(): void {
    this.#endsAt = performance.now() + sliceMilliseconds;
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
