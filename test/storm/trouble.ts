/** When the source was failing, so that responses are judged by what was possible. */

/** A trouble under way or over. Milliseconds on a steady clock. */
interface Trouble {
  readonly from: number;
  to: number;
}

/** The longest that the service may take to find out that a source is back: 5 s, and some for a busy machine. */
const longestRecoveryMilliseconds = 6_000;
const shortestRecoveryMilliseconds = 1_000;

/** All troubles of a storm. */
export class Troubles {
  readonly #troubles: Trouble[] = [];
  readonly #counts = new Map<string, number>();

  /** How often each was made. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /**
   * Makes trouble, from before it begins until some time after it is over: a source that was away for a while may be
   * left alone for as long again. Says how long that time is.
   */
  async during(name: string, make: () => Promise<void>): Promise<number> {
    const trouble: Trouble = { from: performance.now(), to: Infinity };
    this.#troubles.push(trouble);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    try {
      await make();
    } finally {
      const end = performance.now();
      trouble.to =
        end + Math.min(end - trouble.from + shortestRecoveryMilliseconds, longestRecoveryMilliseconds);
    }
    return trouble.to - performance.now();
  }

  /** Whether there was any between these times. */
  touch(from: number, to: number): boolean {
    return this.#troubles.some((trouble) => trouble.from <= to && trouble.to >= from);
  }
}
