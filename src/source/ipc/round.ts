/** A question that is asked once for all who join it in time. */

/** Takes whoever joins until the end of the turn, and then asks. */
export class Round<Answer> {
  readonly #audience = new AbortController();
  readonly #answer: Promise<Answer>;
  #listeners = 0;
  #hasBegun = false;

  /** `ask` is given a signal that is aborted once all have gone. */
  constructor(ask: (signal: AbortSignal) => Promise<Answer>) {
    this.#answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#hasBegun = true;
      return ask(this.#audience.signal);
    });
    // Where all have gone nobody hears of it.
    this.#answer.catch(() => undefined);
  }

  /** Whether one more may join. */
  get isOpen(): boolean {
    return !this.#hasBegun && !this.#audience.signal.aborted;
  }

  /** The answer; rejects with the signal's reason where that is aborted first, and the others' goes on. */
  join(signal: AbortSignal): Promise<Answer> {
    this.#listeners += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#listeners -= 1;
        if (this.#listeners === 0) this.#audience.abort(signal.reason);
        // Whatever it is that whoever aborted gave as a reason.
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }
}
