/** So many at once; whoever comes then waits in line. */
import { withinDeadline } from './deadline.ts';

/** How long somebody waits for a turn: not beyond the signal, nor beyond the time. */
export interface Patience {
  readonly signal: AbortSignal;
  readonly milliseconds: number;
}

/** Turns that are given in the order in which they are asked for. */
export class Turns {
  #free: number;
  /** Those who wait, the first of them first; each function gives a turn. */
  readonly #line = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs work when its turn has come. Rejects with PAGE_UNAVAILABLE or the signal's reason if it does not come. */
  async take<Result>(work: () => Promise<Result>, patience: Patience): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await withinDeadline((signal) => this.#standInLine(signal), patience);
    try {
      return await work();
    } finally {
      this.#handOn();
    }
  }

  #standInLine(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#line.add(resolve);
      signal.addEventListener('abort', () => this.#line.delete(resolve), { once: true });
    });
  }

  #handOn(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#line.delete(next);
    next();
  }
}
