/** So many at once; whoever comes then waits in line. */
import { withinDeadline } from './abort.ts';

/** How long somebody waits for a turn: not beyond the signal, nor beyond the time. */
export interface SemaphoreLimits {
  readonly signal: AbortSignal;
  readonly milliseconds: number;
}

/** Turns that are given in the order in which they are asked for. */
export class Semaphore {
  #free: number;
  /** Those who wait, the first of them first; each function gives a turn. */
  readonly #queue = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs work when its turn has come. Rejects with PAGE_UNAVAILABLE or the signal's reason if it does not come. */
  async run<Result>(work: () => Promise<Result>, limits: SemaphoreLimits): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await withinDeadline((signal) => this.#enqueue(signal), limits);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #enqueue(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.add(resolve);
      signal.addEventListener('abort', () => this.#queue.delete(resolve), { once: true });
    });
  }

  #release(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
