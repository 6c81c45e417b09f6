/** A question that is asked once for all who join it in time. */

/** Takes whoever joins until the end of the turn, and then asks. */
export class SharedRequest<Answer> {
  readonly #abort = new AbortController();
  readonly #answer: Promise<Answer>;
  #callers = 0;
  #hasStarted = false;

  /** `ask` is given a signal that is aborted once all have gone. */
  constructor(ask: (signal: AbortSignal) => Promise<Answer>) {
    this.#answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#hasStarted = true;
      return ask(this.#abort.signal);
    });
    // Where all have gone nobody hears of it.
    this.#answer.catch(() => undefined);
  }

  /** Whether one more may join. */
  get isOpen(): boolean {
    return !this.#hasStarted && !this.#abort.signal.aborted;
  }

  /** The answer; rejects with the signal's reason where that is aborted first, and the others' goes on. */
  join(signal: AbortSignal): Promise<Answer> {
    this.#callers += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#callers -= 1;
        if (this.#callers === 0) this.#abort.abort(signal.reason);
        // Whatever it is that whoever aborted gave as a reason.
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }
}
