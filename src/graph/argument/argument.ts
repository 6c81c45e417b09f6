/** Checks of arguments that more than one field takes. */
import { HvqlError } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import type { Over } from '../../sampling/read/snapshot-reader.ts';
import type { View } from '../context.ts';

/** How many objects are wanted; null is all. Throws INVALID_PARAMETER for less than none. */
export function countArgument(name: string, value: number | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (value >= 0) return value;
  throw new HvqlError('INVALID_PARAMETER', `${name} needs to be 0 or more, but is ${value}.`, {
    argument: name,
  });
}

/** A list of items. Throws LIMIT_EXCEEDED for one that is too long. */
export function listArgument<Item>(view: View, argument: string, items: readonly Item[]): readonly Item[] {
  const { maxListItems: limit } = view.limits;
  if (items.length <= limit) return items;
  const message = `${argument} may have at most ${limit} items, but has ${items.length}: ask in several operations.`;
  throw new HvqlError('LIMIT_EXCEEDED', message, { argument, limit, actual: items.length });
}

/** What growth is taken over. Throws LIMIT_EXCEEDED outside the bounds. */
export function overArgument(view: View, over: number | null | undefined): Over {
  const { defaultOver } = view.reader;
  if (over === null || over === undefined) return defaultOver;
  const { minIntervalMilliseconds, maxIntervalMilliseconds, maxWaitMilliseconds } = view.limits;
  // A stream need not wait for a second reading: its time brings it.
  const most = defaultOver === 'PREVIOUS_EVENT' ? maxIntervalMilliseconds : maxWaitMilliseconds;
  return intervalArgument('over', over, { least: minIntervalMilliseconds, most });
}

/** A length of time within bounds, all in milliseconds. Throws LIMIT_EXCEEDED with the bound that was missed. */
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
