/** What stands between the service and a source that may fail: one that fails again and again is left alone for a while. */
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

/** What a circuit needs of the world. */
export interface CircuitBreakerOptions {
  /** How long one call may take, once its turn has come. */
  readonly limitMilliseconds: number;
  /** Told of the first failure after a success, and with null of the first success after a failure. */
  readonly onHealthChange: (failure: HvqlError | null) => void;
}

const failuresInARow = 3;
const shortestPauseMilliseconds = 250;
/** So long a source that is well again may look ill. */
const longestPauseMilliseconds = 5_000;
/** So many calls a source has under way at once: it holds no more, and two, that hang when it is first left alone. */
const maxConcurrentCalls = 32;

/** What trials are bound to besides their time limit. */
const neverAborted = new AbortController().signal;

/**
 * Calls a source. After three failures in a row it is left alone for 250 ms, and twice as long after each trial that
 * fails, up to 5 s; whoever calls meanwhile is refused at once with PAGE_UNAVAILABLE. The first who calls after such a
 * pause makes the trial, and its success ends the matter. No timer runs: where nobody calls, nothing is tried.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #semaphore = new Semaphore(maxConcurrentCalls);
  #policy: CircuitBreakerPolicy;
  #pauseMilliseconds = 0;
  #openedAt = 0;
  /** How often it has opened: what a call that began before comes to says nothing of how the source is now. */
  #openings = 0;
  #failures = 0;
  #lastFailure: HvqlError | null = null;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#policy = this.#closedPolicy();
  }

  /** Whether the last call that tells of the source's health failed. */
  get isFailing(): boolean {
    return this.#lastFailure !== null;
  }

  /**
   * What the work gives. Rejects with PAGE_UNAVAILABLE, whatever the work throws and where it takes too long, and with
   * the signal's reason once it is aborted, which is no failure of the source.
   */
  async call<Answer>(work: (signal: AbortSignal) => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    this.#assertCallable();
    return this.#semaphore.run(() => this.#attempt(work, signal), this.#deadline(signal));
  }

  /**
   * What work gives that need not wait, at once, where the source has not failed lately; null where it has, or the work
   * itself gives null: then `call` is the way. A failure rejects, and counts, as it does there.
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
    // A trial tells of the source for all who wait, so it does not end with the one who happened to make it.
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
        // Thrown it does not count; returned it does.
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

  /** Throws while the source is left alone. */
  #assertCallable(): void {
    const refusal = this.#refusal();
    if (refusal !== null) throw refusal;
  }

  /** Why the source is not called now; null where it is. cockatiel would let callers wait for a trial under way. */
  #refusal(): HvqlError | null {
    const { state } = this.#policy;
    if (state === CircuitState.Closed) return null;
    if (state === CircuitState.HalfOpen) return this.#leftAlone('now', shortestPauseMilliseconds);
    const elapsed = Date.now() - this.#openedAt;
    if (elapsed < 0) {
      // A wall clock that was set back would make the pause longer by as much.
      this.#policy = this.#closedPolicy();
      return null;
    }
    const left = this.#pauseMilliseconds - elapsed;
    return left > 0 ? this.#leftAlone(`in ${left} ms`, left) : null;
  }

  #leftAlone(when: string, retryInMilliseconds: number): HvqlError {
    const { message, extensions } = this.#lastFailure ?? unavailable(undefined);
    return new HvqlError(
      'PAGE_UNAVAILABLE',
      `The source has failed ${this.#failures} times in a row, the last time so: ${message} It is tried again ${when}.`,
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

/** Whatever a source failed with, as a client may see it; what nobody foresaw is for the log alone. */
function unavailable(thrown: unknown): HvqlError {
  if (thrown instanceof HvqlError && thrown.code === 'PAGE_UNAVAILABLE') return thrown;
  const cause = thrown instanceof Error ? thrown : new TypeError(`The source threw ${describe(thrown)}.`);
  return new HvqlError('PAGE_UNAVAILABLE', 'The source failed in a way that nobody foresaw.', {}, { cause });
}

function describe(thrown: unknown): string {
  return inspect(thrown, { depth: 1, breakLength: Infinity, customInspect: false }).slice(0, 200);
}

function timeoutError(milliseconds: number): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `The source did not answer within ${milliseconds} ms.`, {
    limitMilliseconds: milliseconds,
  });
}
