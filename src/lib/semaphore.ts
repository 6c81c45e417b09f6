/** A counting semaphore. */
import { withinDeadline, type Deadline } from './abort.ts';

/** Runs a limited number of jobs at once; the others wait in the order of their calls. */
export class Semaphore {
  #free: number;
  /** Waiting calls, the first one first; each function resumes one. */
  readonly #queue = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs work once it is its turn. Rejects like `withinDeadline` if it must wait beyond the deadline. */
  async run<Result>(work: () => Promise<Result>, deadline: Deadline): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await withinDeadline((signal) => this.#enqueue(signal), deadline);
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
