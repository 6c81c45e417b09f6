/** Shares the event loop among callers: whoever asks for much is answered in slices, with everybody else in between. */

import { setImmediate } from 'node:timers';

/** How long work goes on in one turn of the event loop. */
const sliceMilliseconds = 20;

/** More promises than stand between what is resumed and its work. */
const mostPromisesBetween = 8;

/** What waits until it may begin. */
type Resume = () => void;

/** The order in which work on the event loop is begun. */
export class FairSchedule {
  /** By caller, the one whose turn it is first; null for operations that have paused. */
  readonly #waiting = new Map<bigint | null, Resume[]>();
  /** When the work of this turn of the event loop began, by `performance.now()`; null where there was none yet. */
  #sliceBegan: number | null = null;

  /** Whether work may begin without waiting: nobody waits, and this turn's slice is not used up. */
  isFree(): boolean {
    if (this.#waiting.size > 0) return false;
    if (this.#sliceBegan !== null) return performance.now() - this.#sliceBegan < sliceMilliseconds;
    this.#beginSlice();
    return true;
  }

  /**
   * Resolves when the caller's work may begin, which is then to be begun at once; not before the next turn of the event
   * loop. Callers take turns, whatever each of them has waiting. null for an operation that has paused.
   */
  turn(partitionId: bigint | null): Promise<void> {
    if (this.#sliceBegan === null) this.#beginSlice();
    return new Promise((resolve) => {
      const own = this.#waiting.get(partitionId);
      if (own === undefined) this.#waiting.set(partitionId, [resolve]);
      else own.push(resolve);
    });
  }

  readonly #onNextTurn = (): void => {
    this.#sliceBegan = null;
    if (this.#waiting.size > 0) void this.#resumeForSlice();
  };

  async #resumeForSlice(): Promise<void> {
    const began = this.#beginSlice();
    while (this.#waiting.size > 0 && performance.now() - began < sliceMilliseconds) {
      const isOfCaller = this.#resumeNext();
      // What was resumed does its work before this goes on.
      for (let n = 0; n < mostPromisesBetween; n += 1) await Promise.resolve();
      // An operation that had paused uses a slice of its own.
      if (!isOfCaller) return;
    }
  }

  #beginSlice(): number {
    this.#sliceBegan = performance.now();
    setImmediate(this.#onNextTurn);
    return this.#sliceBegan;
  }

  /** Whether it was a caller's, and not that of an operation that had paused. */
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

/** A process has one event loop, and all listeners and all work on it have this one order. */
export const eventLoop = new FairSchedule();
