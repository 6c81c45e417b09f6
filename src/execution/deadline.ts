/** The time that an operation has: with its end, all that it still reads or waits for ends. */
import { HvqlError } from '../errors.ts';
import { formatDuration } from '../snapshot/duration.ts';

/** The deadline of one operation. It has a timer from `start` to `stop`. */
export class OperationDeadline {
  readonly #asked: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onGone = (): void => this.#controller.abort(this.#asked.reason);
  #timer: NodeJS.Timeout | undefined;

  /** `asked` is aborted once nobody waits for the answer. */
  constructor(asked: AbortSignal) {
    this.#asked = asked;
    if (asked.aborted) this.#onGone();
    else asked.addEventListener('abort', this.#onGone, { once: true });
  }

  /** Aborted at the end of the time or once nobody waits any more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** LIMIT_EXCEEDED, where the time is over. */
  get problem(): HvqlError | null {
    const { reason } = this.signal as { reason: unknown };
    return reason instanceof HvqlError ? reason : null;
  }

  /** From now on there are so many milliseconds, and those that the operation itself asks to wait for. */
  start(limitMilliseconds: number, waitMilliseconds = 0): void {
    clearTimeout(this.#timer);
    const end = (): void => this.#controller.abort(tooLong(limitMilliseconds));
    this.#timer = setTimeout(end, limitMilliseconds + waitMilliseconds);
  }

  /** Lets go of the timer and of whoever asks. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#asked.removeEventListener('abort', this.#onGone);
  }
}

function tooLong(limitMilliseconds: number): HvqlError {
  const limit = formatDuration(limitMilliseconds);
  return new HvqlError(
    'LIMIT_EXCEEDED',
    `The operation took longer than ${limit}, beside the time that it asked to wait for itself: ask for fewer objects, or later.`,
    { limit, actual: `more than ${limit}` },
  );
}
