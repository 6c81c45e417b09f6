/** Waiting that ends when the caller aborts it. */

/** A caller that waits until its signal is aborted. The signal is read only if there is something to wait for. */
export interface Cancellation {
  readonly signal: AbortSignal;
}

/** The time limit of a wait. */
export interface Deadline extends Cancellation {
  readonly milliseconds: number;
  /** What the wait rejects with when the time is over. */
  readonly timeoutError: (milliseconds: number) => Error;
}

/** The result. Rejects with the signal's reason as soon as it is aborted, and ignores the result then. */
export async function unlessAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    // The race handles both, so a late rejection is not an unhandled one.
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Runs work with a signal that is aborted at the deadline. Stops waiting when the caller's signal is aborted (rejects
 * with its reason) or the time is over (rejects with the timeout error), even if the work ignores its signal.
 */
export async function withinDeadline<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { signal, milliseconds, timeoutError }: Deadline,
): Promise<Result> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(timeoutError(milliseconds)), milliseconds);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await unlessAborted(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** One signal for several callers. It is aborted when the last caller's is, with that one's reason. */
export class SharedAbort {
  readonly #controller = new AbortController();
  readonly #signals = new Set<AbortSignal>();
  readonly #onAbort = ({ target }: Pick<Event, 'target'>): void => this.#remove(target as AbortSignal);

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add(signal: AbortSignal): void {
    this.#signals.add(signal);
    if (signal.aborted) this.#remove(signal);
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Stops listening to the callers' signals. */
  close(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort);
    this.#signals.clear();
  }

  #remove(signal: AbortSignal): void {
    this.#signals.delete(signal);
    if (this.#signals.size === 0) this.#controller.abort(signal.reason);
  }
}
