/** When a child process that has failed may be started again. */
import { ExponentialBackoff, noJitterGenerator, type IBackoff, type IBackoffFactory } from 'cockatiel';
import { HvqlError } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';

const shortestPauseMilliseconds = 250;
const longestPauseMilliseconds = 30_000;
const nanosecondsPerMillisecond = 1_000_000n;

const pauses: IBackoffFactory<unknown> = new ExponentialBackoff({
  initialDelay: shortestPauseMilliseconds,
  maxDelay: longestPauseMilliseconds,
  generator: noJitterGenerator,
});

/**
 * After a failure there is a pause of 250 ms, and of twice as long after each failure that follows, up to 30 s; a
 * success ends that. No timer runs: a request during a pause is rejected, and the first one after it starts the process.
 */
export class Restart {
  readonly #clock: Pick<Clock, 'now'>;
  #pause: IBackoff<unknown> | null = null;
  #lastFailure: HvqlError | null = null;
  #mayStartAt = 0n;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  noteFailure(failure: HvqlError): void {
    this.#pause = (this.#pause ?? pauses).next(undefined);
    this.#lastFailure = failure;
    this.#mayStartAt = this.#now() + BigInt(Math.ceil(this.#pause.duration)) * nanosecondsPerMillisecond;
  }

  noteSuccess(): void {
    this.#pause = null;
    this.#lastFailure = null;
  }

  /** Why the process may not be started now; null if it may. */
  refusal(): HvqlError | null {
    if (this.#lastFailure === null) return null;
    const left = Number((this.#mayStartAt - this.#now()) / nanosecondsPerMillisecond);
    if (left <= 0) return null;
    return new HvqlError(
      'PAGE_UNAVAILABLE',
      `${this.#lastFailure.message} It is started again in ${left} ms at the earliest.`,
      { retryInMilliseconds: left },
      { cause: this.#lastFailure },
    );
  }

  #now(): bigint {
    return this.#clock.now().monotonicNanoseconds;
  }
}
