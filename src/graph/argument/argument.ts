/** Checks of arguments that more than one field takes. */
import { HvqlError } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import type { Over } from '../../sampling/read/snapshot-reader.ts';
import type { View } from '../context.ts';

/** A number of objects; null for all. Throws INVALID_PARAMETER if it is negative. */
export function countArgument(name: string, value: number | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (value >= 0) return value;
  throw new HvqlError('INVALID_PARAMETER', `${name} needs to be 0 or more, but is ${value}.`, {
    argument: name,
  });
}

/** A list argument. Throws LIMIT_EXCEEDED if it is too long. */
export function listArgument<Item>(view: View, argument: string, items: readonly Item[]): readonly Item[] {
  const { maxListItems: limit } = view.limits;
  if (items.length <= limit) return items;
  const message = `${argument} may have at most ${limit} items, but has ${items.length}: use several operations.`;
  throw new HvqlError('LIMIT_EXCEEDED', message, { argument, limit, actual: items.length });
}

/** The interval of deltas and rates. Throws LIMIT_EXCEEDED outside the limits. */
export function overArgument(view: View, over: number | null | undefined): Over {
  const { defaultOver } = view.reader;
  if (over === null || over === undefined) return defaultOver;
  const { minIntervalMilliseconds, maxIntervalMilliseconds, maxWaitMilliseconds } = view.limits;
  // A stream need not wait for a second reading: a later event has it.
  const most = defaultOver === 'PREVIOUS_EVENT' ? maxIntervalMilliseconds : maxWaitMilliseconds;
  return intervalArgument('over', over, { least: minIntervalMilliseconds, most });
}

/** A length of time within limits, in milliseconds. Throws LIMIT_EXCEEDED with the limit that it violates. */
export function intervalArgument(
  argument: string,
  actual: number,
  { least, most }: { least: number; most: number },
): number {
  if (actual >= least && actual <= most) return actual;
  const [side, limit] = actual < least ? ['least', formatDuration(least)] : ['most', formatDuration(most)];
  const message = `${argument} needs to be at ${side} ${limit}, but is ${formatDuration(actual)}.`;
  throw new HvqlError('LIMIT_EXCEEDED', message, { argument, limit, actual: formatDuration(actual) });
}
