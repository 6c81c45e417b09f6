/**
 * Counts repeated events for the log: the first of a kind gets a line at once, and the others are reported as a number
 * at the end of a period.
 */

/** The report at the end of a period. */
export interface Repeats {
  /** null for all kinds beyond the limit. */
  readonly kind: string | null;
  /** The number of events of this kind after the first one. */
  readonly count: number;
}

/**
 * Counts events in periods. A period starts with the first event after the end of the previous one. The timer does not
 * keep the process running.
 */
export class RepeatCounter {
  readonly #options;
  /** Repeats by kind. */
  readonly #counts = new Map<string, number>();
  /** The number of events of kinds beyond the limit. */
  #others = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `limit`: how many kinds are distinguished in one period. */
  constructor(options: {
    readonly milliseconds: number;
    readonly limit: number;
    readonly report: (repeats: Repeats) => void;
  }) {
    this.#options = options;
  }

  /** Counts an event, and returns whether it is the first of its kind in this period. */
  isFirst(kind: string): boolean {
    this.#timer ??= setTimeout(() => this.flush(), this.#options.milliseconds).unref();
    const count = this.#counts.get(kind);
    if (count !== undefined) this.#counts.set(kind, count + 1);
    else if (this.#counts.size < this.#options.limit) {
      this.#counts.set(kind, 0);
      return true;
    } else this.#others += 1;
    return false;
  }

  /** Ends the period, and reports repeated events. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const counts = [...this.#counts].filter(([, count]) => count > 0);
    const others = this.#others;
    this.#counts.clear();
    this.#others = 0;
    for (const [kind, count] of counts) this.#options.report({ kind, count });
    if (others > 0) this.#options.report({ kind: null, count: others });
  }
}
