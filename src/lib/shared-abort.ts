/** Those who wait for one and the same thing: it is given up once the last of them has gone. */

/** Whoever waits, until its signal is aborted. The signal is asked for only where there is a wait. */
export interface Cancellation {
  readonly signal: AbortSignal;
}

/** The signals of all who wait, as one. */
export class SharedAbort {
  readonly #controller = new AbortController();
  readonly #signals = new Set<AbortSignal>();
  readonly #leave = ({ target }: Pick<Event, 'target'>): void => this.#gone(target as AbortSignal);

  /** Aborted with the reason of the last who went. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add(signal: AbortSignal): void {
    this.#signals.add(signal);
    if (signal.aborted) this.#gone(signal);
    else signal.addEventListener('abort', this.#leave, { once: true });
  }

  /** What was waited for is there, or will not come: lets go of all. */
  close(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#leave);
    this.#signals.clear();
  }

  #gone(signal: AbortSignal): void {
    this.#signals.delete(signal);
    if (this.#signals.size === 0) this.#controller.abort(signal.reason);
  }
}
