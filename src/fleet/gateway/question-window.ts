/** How many hosts of an operation are asked at the same time: as many as have room for their answers. */

/** NATS disconnects a client that takes its messages too slowly, by default when 64 MB wait to be sent. */
const mostBytes = 8_388_608;
/** At least this number is asked at the same time, however large the answers are. */
const leastQuestions = 25;
/** At most this number: the deadline of each begins when it is asked. */
const mostQuestions = 1_000;
/** The next hosts are asked once this number of answers has come: one write of many questions takes a fraction of as many writes. */
const refillSize = 25;
/** Upper bound on how long a host waits for others to be asked with it. */
const refillMilliseconds = 5;
/** After this many answers, their sizes tell more than the estimate. */
const tellingAnswers = 25;

/** The questions, and the size that is expected of their answers. */
export interface QuestionWindowOptions<Item> {
  /** Asks one host; gives the bytes of its answer, 0 without one. Does not reject. */
  readonly ask: (item: Item) => Promise<number>;
  /** The estimate of the bytes of an answer. */
  readonly expectedBytes: (item: Item) => number;
}

/**
 * Asks all of them. A host may wait for a second reading before it answers, so hosts with small answers are all asked at
 * once; those with large ones follow each other, as the gateway takes in what has come.
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

/** The questions under way. */
class Window {
  size = 0;
  #expected = 0;
  #answers = 0;
  #expectedOfAnswers = 0;
  #bytesOfAnswers = 0;

  /** False where there is no room for another answer. */
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

  /** How much larger than estimated the answers are. */
  get #ratio(): number {
    return this.#answers < tellingAnswers ? 1 : this.#bytesOfAnswers / this.#expectedOfAnswers;
  }
}
