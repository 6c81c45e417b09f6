/** Prevents calls to a source that fails repeatedly. */
import { inspect } from 'node:util';
import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhenResult,
  noJitterGenerator,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { HvqlError } from '../../errors.ts';
import { unlessAborted, withinDeadline, type Deadline } from '../../lib/abort.ts';
import { Semaphore } from '../../lib/semaphore.ts';

/** The limits of calls, and the callback for failures. */
export interface CircuitBreakerOptions {
  /** How long one call may take, not counting its wait for the semaphore. */
  readonly limitMilliseconds: number;
  /** Called with the first failure after a success, and with null at the first success after a failure. */
  readonly onHealthChange: (failure: HvqlError | null) => void;
}

const failuresInARow = 3;
const shortestPauseMilliseconds = 250;
/** The longest time until a source that works again is reported as working. */
const longestPauseMilliseconds = 5_000;
/** The number of calls that a hanging source may block, with two more when the breaker opens for the first time. */
const maxConcurrentCalls = 32;

/** Trial calls are limited only by their timeout. */
const neverAborted = new AbortController().signal;

/**
 * Calls a source. After three consecutive failures it opens for 250 ms, and for twice as long after each failed
 * trial, up to 5 s. While it is open, calls are rejected immediately with PAGE_UNAVAILABLE. The first call after the
 * pause is the trial, and its success closes the breaker. No timer runs: without calls nothing is tried.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #semaphore = new Semaphore(maxConcurrentCalls);
  #policy: CircuitBreakerPolicy;
  #pauseMilliseconds = 0;
  #openedAt = 0;
  /**
   * How many times it has opened. The outcome of a call that began before that says nothing about the source now.
   */
  #openings = 0;
  #failures = 0;
  #lastFailure: HvqlError | null = null;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#policy = this.#closedPolicy();
  }

  /** Whether the last call that counts for the health failed. */
  get isFailing(): boolean {
    return this.#lastFailure !== null;
  }

  /** Whether calls are rejected for now, or a trial is under way. */
  get isOpen(): boolean {
    return this.#policy.state !== CircuitState.Closed;
  }

  /**
   * The result of the work. Rejects with PAGE_UNAVAILABLE if the work throws anything or takes too long, and with the
   * reason of the signal once it is aborted, which is not a failure of the source.
   */
  async call<Answer>(work: (signal: AbortSignal) => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    this.#assertCallable();
    return this.#semaphore.run(() => this.#attempt(work, signal), this.#deadline(signal));
  }

  /**
   * The result of work that does not wait; null if the source is failing or the work returns null, and then `call`
   * has to be used. A failure rejects and counts as in `call`.
   */
  callSync<Answer>(work: () => Answer | null): Answer | Promise<never> | null {
    if (this.isFailing || this.#policy.state !== CircuitState.Closed) return null;
    try {
      return work();
    } catch (thrown) {
      return this.#count(unavailable(thrown));
    }
  }

  async #count(failure: HvqlError): Promise<never> {
    this.#noteFailure(failure);
    await this.#policy.execute(() => failure);
    throw this.#refusal() ?? failure;
  }

  async #attempt<Answer>(
    work: (signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    signal.throwIfAborted();
    this.#assertCallable();
    // A trial decides for all callers, so it does not end with the caller that made it.
    const isTrial = this.#policy.state === CircuitState.Open;
    const openings = this.#openings;
    const outcome = this.#policy.execute(async () => {
      try {
        const given = await withinDeadline(work, this.#deadline(isTrial ? neverAborted : signal));
        if (isTrial || openings === this.#openings) this.#noteSuccess();
        return given;
      } catch (thrown) {
        if (!isTrial && signal.aborted) throw signal.reason;
        const failure = unavailable(thrown);
        // The policy counts returned failures and not thrown ones.
        if (!isTrial && openings !== this.#openings) throw failure;
        this.#noteFailure(failure);
        return failure;
      }
    });
    const answer = await (isTrial ? unlessAborted(outcome, signal) : outcome);
    if (answer instanceof HvqlError) throw this.#refusal() ?? answer;
    return answer;
  }

  #deadline(signal: AbortSignal): Deadline {
    return { signal, milliseconds: this.#options.limitMilliseconds, timeoutError };
  }

  #noteSuccess(): void {
    const hadFailed = this.isFailing;
    this.#failures = 0;
    this.#lastFailure = null;
    if (hadFailed) this.#options.onHealthChange(null);
  }

  #noteFailure(failure: HvqlError): void {
    const hadFailed = this.isFailing;
    this.#failures += 1;
    this.#lastFailure = failure;
    if (!hadFailed) this.#options.onHealthChange(failure);
  }

  /** Throws while the breaker is open. */
  #assertCallable(): void {
    const refusal = this.#refusal();
    if (refusal !== null) throw refusal;
  }

  /** Why the source is not called now; null if it may be. cockatiel would let calls wait for a trial under way. */
  #refusal(): HvqlError | null {
    const { state } = this.#policy;
    if (state === CircuitState.Closed) return null;
    if (state === CircuitState.HalfOpen) return this.#openError('now', shortestPauseMilliseconds);
    const elapsed = Date.now() - this.#openedAt;
    if (elapsed < 0) {
      // A wall clock that was set back would lengthen the pause.
      this.#policy = this.#closedPolicy();
      return null;
    }
    const left = this.#pauseMilliseconds - elapsed;
    return left > 0 ? this.#openError(`in ${left} ms`, left) : null;
  }

  #openError(when: string, retryInMilliseconds: number): HvqlError {
    const { message, extensions } = this.#lastFailure ?? unavailable(undefined);
    return new HvqlError(
      'PAGE_UNAVAILABLE',
      `The source has failed ${this.#failures} times in a row, the last time with: ${message} A new attempt is possible ${when}.`,
      { ...extensions, failures: this.#failures, retryInMilliseconds },
      { cause: this.#lastFailure },
    );
  }

  #closedPolicy(): CircuitBreakerPolicy {
    const policy = circuitBreaker(
      handleWhenResult((answer) => answer instanceof HvqlError),
      {
        breaker: new ConsecutiveBreaker(failuresInARow),
        halfOpenAfter: new ExponentialBackoff<number>({
          initialDelay: shortestPauseMilliseconds,
          maxDelay: longestPauseMilliseconds,
          generator: (attempts, options) => {
            const [pause, next] = noJitterGenerator(attempts, options);
            this.#pauseMilliseconds = pause;
            return [pause, next];
          },
        }),
      },
    );
    policy.onBreak(() => {
      this.#openedAt = Date.now();
      this.#openings += 1;
    });
    return policy;
  }
}

/** A failure of the source in a form that clients may see. Unexpected errors are the cause, which only the log has. */
function unavailable(thrown: unknown): HvqlError {
  if (thrown instanceof HvqlError && thrown.code === 'PAGE_UNAVAILABLE') return thrown;
  const cause = thrown instanceof Error ? thrown : new TypeError(`The source threw ${describe(thrown)}.`);
  return new HvqlError('PAGE_UNAVAILABLE', 'The source failed unexpectedly.', {}, { cause });
}

function describe(thrown: unknown): string {
  return inspect(thrown, { depth: 1, breakLength: Infinity, customInspect: false }).slice(0, 200);
}

function timeoutError(milliseconds: number): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `The source did not respond within ${milliseconds} ms.`, {
    limitMilliseconds: milliseconds,
  });
}
