/**
 * Writes the responses of one turn of the event loop together at its end. A client is then woken only once, and waking it
 * costs the service more than a small response.
 */

interface Ready {
  readonly send: () => void;
  readonly sizeInBytes: number;
}

const mostResponses = 64;
const mostBytes = 262_144;
/** Upper bound on how long a finished response may wait for others. */
const longestWaitMilliseconds = 1;

/** The responses of this turn. */
export class WriteBatcher {
  #ready: Ready[] = [];
  #bytes = 0;
  #since = 0;

  /** Adds a response, and sends all if there are enough of them. */
  put(response: Ready): void {
    if (this.#ready.length === 0) {
      this.#since = performance.now();
      setImmediate(this.#flush);
    }
    this.#ready.push(response);
    this.#bytes += response.sizeInBytes;
    if (this.#ready.length >= mostResponses || this.#bytes >= mostBytes) this.#flush();
  }

  /** Sends the responses that have waited too long at a time of `performance.now()`. Call it before longer work. */
  flushIfStale(now: number): void {
    if (this.#ready.length > 0 && now - this.#since > longestWaitMilliseconds) this.#flush();
  }

  readonly #flush = (): void => {
    const ready = this.#ready;
    if (ready.length === 0) return;
    this.#ready = [];
    this.#bytes = 0;
    for (const { send } of ready) send();
  };
}
