/** Limits how many hosts an operation queries concurrently, by the size of their responses. */

/** NATS disconnects a client that receives too slowly, by default when 64 MB are pending. */
const mostBytes = 8_388_608;
/** The minimum number of concurrent requests, regardless of the size of the responses. */
const leastQuestions = 25;
/** The maximum number: the deadline of each request begins when it is sent. */
const mostQuestions = 1_000;
/** The next requests are sent after this number of responses: one write of many requests costs a fraction of many writes. */
const refillSize = 25;
/** Upper bound on how long a request waits to be written together with others. */
const refillMilliseconds = 5;
/** After this many responses, their sizes are a better estimate. */
const tellingAnswers = 25;

/** The requests, and the expected size of their responses. */
export interface QuestionWindowOptions<Item> {
  /** Queries one host; resolves with the bytes of its response, 0 without one. Never rejects. */
  readonly ask: (item: Item) => Promise<number>;
  /** The estimated bytes of a response. */
  readonly expectedBytes: (item: Item) => number;
}

/**
 * Queries all hosts. A host may wait for a second reading before it responds, so requests with small responses are all
 * sent immediately; those with large responses are sent as earlier responses arrive.
 */
export function askInWindow<Item>(
  items: readonly Item[],
  { ask, expectedBytes }: QuestionWindowOptions<Item>,
): Promise<void> {
  const window = new Window();
  return new Promise((resolve) => {
    let next = 0;
    let room = 0;
    let timer: NodeJS.Timeout | undefined;
    const askMore = (): void => {
      clearTimeout(timer);
      timer = undefined;
      for (; next < items.length; next += 1) {
        const item = items[next] as Item;
        const expected = expectedBytes(item);
        if (!window.enter(expected)) break;
        void ask(item).then((bytes) => onAnswer(expected, bytes));
      }
      room = 0;
    };
    const onAnswer = (expected: number, bytes: number): void => {
      window.leave(expected, bytes);
      room += 1;
      if (next === items.length) {
        if (window.size === 0) resolve();
      } else if (room >= refillSize) askMore();
      else timer ??= setTimeout(askMore, refillMilliseconds);
    };
    if (items.length === 0) resolve();
    else askMore();
  });
}

/** The requests in flight. */
class Window {
  size = 0;
  #expected = 0;
  #answers = 0;
  #expectedOfAnswers = 0;
  #bytesOfAnswers = 0;

  /** Returns false if there is no room for another response. */
  enter(expected: number): boolean {
    if (this.size >= mostQuestions) return false;
    if (this.size >= leastQuestions && (this.#expected + expected) * this.#ratio > mostBytes) return false;
    this.size += 1;
    this.#expected += expected;
    return true;
  }

  leave(expected: number, bytes: number): void {
    this.size -= 1;
    this.#expected -= expected;
    if (bytes === 0) return;
    this.#answers += 1;
    this.#expectedOfAnswers += expected;
    this.#bytesOfAnswers += bytes;
  }

  /** The ratio of actual to estimated response sizes. */
  get #ratio(): number {
    return this.#answers < tellingAnswers ? 1 : this.#bytesOfAnswers / this.#expectedOfAnswers;
  }
}
