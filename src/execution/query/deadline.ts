/** The time that an operation has: with its end, all that it still reads or waits for ends. */
import { HvqlError } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';

/** Whoever waits for an answer: the signal, which may be made when it is asked for, is aborted once nobody does. */
export interface SignalSource {
  readonly signal: AbortSignal;
}

/**
 * The deadline of one operation. Nothing runs and nothing listens before somebody asks for the signal, to wait: an
 * operation that runs from start to end in one go needs none of it.
 */
export class OperationDeadline {
  readonly #request: SignalSource;
  #controller: AbortController | null = null;
  readonly #onAbort = (): void => this.#controller?.abort(this.#request.signal.reason);
  #timer: NodeJS.Timeout | undefined;
  #limitMilliseconds = Infinity;
  /** By `performance.now()`, as the end. */
  #startedAt = 0;
  #endsAt = Infinity;

  constructor(request: SignalSource) {
    this.#request = request;
  }

  /** Aborted at the end of the time or once nobody waits any more. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#request.signal.aborted) this.#onAbort();
      else this.#request.signal.addEventListener('abort', this.#onAbort, { once: true });
      this.#setTimer();
    }
    return this.#controller.signal;
  }

  /** LIMIT_EXCEEDED, where the time is over. */
  get problem(): HvqlError | null {
    const { reason } = (this.#controller?.signal ?? {}) as { reason?: unknown };
    if (reason instanceof HvqlError) return reason;
    // Whoever does not wait gives no timer its turn.
    return performance.now() > this.#endsAt && reason === undefined ? tooLong(this.#limitMilliseconds) : null;
  }

  /** Whether the operation has run for so many milliseconds since it was started last. */
  hasRunFor(milliseconds: number): boolean {
    return performance.now() > this.#startedAt + milliseconds;
  }

  /** Throws LIMIT_EXCEEDED where the time is over, and the reason where nobody waits for the answer any more. */
  check(): void {
    const { problem } = this;
    if (problem !== null) throw problem;
    this.signal.throwIfAborted();
  }

  /** From now on there are so many milliseconds, and those that the operation itself asks to wait for. */
  start(limitMilliseconds: number, waitMilliseconds = 0): void {
    this.#limitMilliseconds = limitMilliseconds;
    this.#startedAt = performance.now();
    this.#endsAt = this.#startedAt + limitMilliseconds + waitMilliseconds;
    if (this.#controller !== null) this.#setTimer();
  }

  /** Lets go of the timer and of whoever asks. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#controller !== null) this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#endsAt = Infinity;
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (this.#endsAt === Infinity) return;
    const end = (): void => this.#controller?.abort(tooLong(this.#limitMilliseconds));
    this.#timer = setTimeout(end, Math.max(0, Math.ceil(this.#endsAt - performance.now())));
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
