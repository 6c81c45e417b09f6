/** Moments at a fixed interval, for work that repeats. */
import type { Clock } from '../../snapshot/moment.ts';
import type { Wait } from '../command-context.ts';

/** When ticks are: at 0, every, 2 × every, … after the start, in milliseconds. */
export interface TickSettings {
  /** Above zero. */
  readonly every: number;
  /** The last tick is at this time after the start at the latest; undefined: there is no last tick. */
  readonly for?: number | undefined;
  readonly clock: Clock;
  readonly wait: Wait;
  readonly signal: AbortSignal;
}

const nanosecondsPerMillisecond = 1_000_000n;
/** A timer that is set to more fires at once. */
const longestWaitInMilliseconds = 0x7fff_ffff;

/**
 * Yields the number of each tick, from 0, when its time comes. Skips ticks that are too late by then. Ends, without an
 * error, when the signal is aborted.
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

/** How many ticks there are; undefined if there is no last one. */
export function countTicks(settings: Pick<TickSettings, 'every' | 'for'>): number | undefined {
  return settings.for === undefined ? undefined : Math.floor(settings.for / settings.every) + 1;
}
