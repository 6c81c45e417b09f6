/** The time limit of an operation. When it ends, all reads and waits of the operation are aborted. */
import { HvqlError } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';

/** A request with a signal, possibly created on access, that is aborted when the client no longer waits. */
export interface SignalSource {
  readonly signal: AbortSignal;
  /** From when its time counts, by `performance.now()`. @default when `start` is called */
  readonly takenAt?: number | null;
}

/**
 * The deadline of one operation. It creates its timer and listener when `signal` is first used: an operation that never
 * waits needs neither.
 */
export class OperationDeadline {
  readonly #request: SignalSource;
  #controller: AbortController | null = null;
  #onAbort: (() => void) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #limitMilliseconds = Infinity;
  /** Times of `performance.now()`. */
  #startedAt = 0;
  #endsAt = Infinity;

  constructor(request: SignalSource) {
    this.#request = request;
  }

  /** Aborted when the time is over or the client no longer waits. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = (this.#controller = new AbortController());
      const onAbort = (this.#onAbort = () => controller.abort(this.#request.signal.reason));
      if (this.#request.signal.aborted) onAbort();
      else this.#request.signal.addEventListener('abort', onAbort, { once: true });
      this.#setTimer();
    }
    return this.#controller.signal;
  }

  /** LIMIT_EXCEEDED if the time is over, else null. */
  get problem(): HvqlError | null {
    const reason: unknown = this.#controller?.signal.reason;
    if (reason instanceof HvqlError) return reason;
    // While an operation runs without waiting, no timer can fire.
    return performance.now() > this.#endsAt && reason === undefined ? tooLong(this.#limitMilliseconds) : null;
  }

  /** Whether this many milliseconds have passed since `start`. */
  hasRunFor(milliseconds: number): boolean {
    return performance.now() > this.#startedAt + milliseconds;
  }

  /** Throws LIMIT_EXCEEDED if the time is over, and the abort reason if the client no longer waits. */
  check(): void {
    const { problem } = this;
    if (problem !== null) throw problem;
    this.signal.throwIfAborted();
  }

  /** Starts the time limit. */
  start(limitMilliseconds: number): void {
    this.#limitMilliseconds = limitMilliseconds;
    this.#startedAt = this.#request.takenAt ?? performance.now();
    this.#endsAt = this.#startedAt + limitMilliseconds;
    if (this.#controller !== null) this.#setTimer();
  }

  /** Extends the time limit by the time that the operation itself asks to wait. */
  extend(waitMilliseconds: number): void {
    if (waitMilliseconds === 0) return;
    this.#endsAt += waitMilliseconds;
    if (this.#controller !== null) this.#setTimer();
  }

  /** Releases the timer and the listener. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== null) this.#request.signal.removeEventListener('abort', this.#onAbort);
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
    `The operation took longer than ${limit}, not counting the time that it asked to wait: request fewer objects, or retry later.`,
    { limit, actual: `more than ${limit}` },
  );
}
