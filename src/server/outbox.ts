/**
 * Answers that are ready in one turn of the loop leave together at its end. Whoever takes them is woken once and not
 * for each, which costs this side more than the answer itself: half of the time of a small one.
 */

/** An answer that is ready: what sends it, and how many bytes it has. */
interface Ready {
  readonly send: () => void;
  readonly sizeInBytes: number;
}

/** More are not kept back: they would rather be on their way while others are made. */
const mostAnswers = 64;
const mostBytes = 262_144;
/** No answer waits longer than so, and what was begun meanwhile, for those behind it. */
const longestWaitMilliseconds = 1;

/** What is on its way out in this turn. */
export class Outbox {
  #ready: Ready[] = [];
  #bytes = 0;
  #since = 0;

  /** Takes an answer, or sends it with all before it where there are enough of them. */
  put(answer: Ready): void {
    if (this.#ready.length === 0) {
      this.#since = performance.now();
      setImmediate(this.#flush);
    }
    this.#ready.push(answer);
    this.#bytes += answer.sizeInBytes;
    if (this.#ready.length >= mostAnswers || this.#bytes >= mostBytes) this.#flush();
  }

  /** To be called before anything is begun that may take long. */
  beforeMore(): void {
    if (this.#ready.length > 0 && performance.now() - this.#since > longestWaitMilliseconds) this.#flush();
  }

  readonly #flush = (): void => {
    const ready = this.#ready;
    if (ready.length === 0) return;
    this.#ready = [];
    this.#bytes = 0;
    for (const { send } of ready) send();
  };
}
