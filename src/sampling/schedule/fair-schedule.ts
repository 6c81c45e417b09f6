/** Shares the event loop among callers: work of a busy caller runs in slices, with work of others in between. */

import { setImmediate } from 'node:timers';
import { loopHolds } from './loop-holds.ts';
import type { Caller } from '../../access/caller.ts';

/** How long work continues in one turn of the event loop. */
const sliceMilliseconds = 20;

/** More than the number of promises between resuming a caller and its work. */
const mostPromisesBetween = 8;

/** Resumes what waits. */
type Resume = () => void;

/** The order in which work on the event loop begins. */
export class FairSchedule {
  /** By caller, the next one first; null for paused operations. */
  readonly #waiting = new Map<Caller['partitionId'] | null, Resume[]>();
  /** When the work of this turn of the event loop began, by `performance.now()`; null if it has not yet. */
  #sliceBegan: number | null = null;

  /**
   * Whether work may begin without waiting: nothing waits, and this turn's slice is not used up. `now` is what
   * `performance.now()` has just given, for callers that use it themselves.
   */
  isFree(now = performance.now()): boolean {
    if (this.#waiting.size > 0) return false;
    if (this.#sliceBegan !== null) return now - this.#sliceBegan < sliceMilliseconds;
    this.#beginSlice(now);
    return true;
  }

  /**
   * Resolves when the caller's work may begin, which must then begin immediately; not before the next turn of the
   * event loop. Callers alternate, however much each of them has waiting. null for a paused operation.
   */
  turn(partitionId: Caller['partitionId'] | null): Promise<void> {
    if (this.#sliceBegan === null) this.#beginSlice();
    return new Promise((resolve) => {
      const own = this.#waiting.get(partitionId);
      if (own === undefined) this.#waiting.set(partitionId, [resolve]);
      else own.push(resolve);
    });
  }

  readonly #onNextTurn = (): void => {
    this.#sliceBegan = null;
    loopHolds.endTurn();
    if (this.#waiting.size > 0) void this.#resumeForSlice();
  };

  async #resumeForSlice(): Promise<void> {
    const began = this.#beginSlice();
    while (this.#waiting.size > 0 && performance.now() - began < sliceMilliseconds) {
      const isOfCaller = this.#resumeNext();
      // The resumed work runs before the loop continues.
      for (let n = 0; n < mostPromisesBetween; n += 1) await Promise.resolve();
      // A paused operation uses a slice of its own.
      if (!isOfCaller) return;
    }
  }

  #beginSlice(now = performance.now()): number {
    this.#sliceBegan = now;
    setImmediate(this.#onNextTurn);
    return now;
  }

  /** Whether it was work of a caller, and not of a paused operation. */
  #resumeNext(): boolean {
    const [entry] = this.#waiting;
    if (entry === undefined) return false;
    const [partitionId, own] = entry;
    const resume = own.shift();
    this.#waiting.delete(partitionId);
    if (own.length > 0) this.#waiting.set(partitionId, own);
    resume?.();
    return partitionId !== null;
  }
}

/** A process has one event loop, so all its listeners share this schedule. */
export const eventLoop = new FairSchedule();
