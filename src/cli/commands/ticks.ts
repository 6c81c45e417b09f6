/** Ticks at a fixed interval, for repeated work. */
import type { Clock } from '../../snapshot/moment.ts';
import type { Wait } from '../command-context.ts';

/** The schedule of ticks: at 0, every, 2 × every, … after the start, in milliseconds. */
export interface TickSettings {
  /** Above zero. */
  readonly every: number;
  /** The latest time of the last tick after the start; undefined if the ticks never end. */
  readonly for?: number | undefined;
  readonly clock: Clock;
  readonly wait: Wait;
  readonly signal: AbortSignal;
}

const nanosecondsPerMillisecond = 1_000_000n;
/** With a longer delay, a timer fires at once. */
const longestWaitInMilliseconds = 0x7fff_ffff;

/**
 * Yields the number of each tick, from 0, at its time. Skips missed ticks. Ends, without an error, when the signal is
 * aborted.
 */
export async function* ticks(settings: TickSettings): AsyncGenerator<number, void, undefined> {
  const { every, clock, wait, signal } = settings;
  const end = countTicks(settings) ?? Infinity;
  const start = clock.now().monotonicNanoseconds;
  const elapsed = (): number =>
    Number(clock.now().monotonicNanoseconds - start) / Number(nanosecondsPerMillisecond);

  let number = 0;
  while (number < end && !signal.aborted) {
    const left = number * every - elapsed();
    if (left > 0) {
      await wait(Math.min(Math.ceil(left), longestWaitInMilliseconds), signal);
      continue;
    }
    yield number;
    number = Math.max(number + 1, Math.ceil(elapsed() / every));
  }
}

/** The number of ticks; undefined if they never end. */
export function countTicks(settings: Pick<TickSettings, 'every' | 'for'>): number | undefined {
  return settings.for === undefined ? undefined : Math.floor(settings.for / settings.every) + 1;
}
