/** Checks of arguments that more than one field takes. */
import { HvqlError } from '../errors.ts';
import { formatDuration } from '../snapshot/duration.ts';
import type { View } from './context.ts';

/** How many objects are wanted; null is all. Throws INVALID_PARAMETER for less than none. */
export function countArgument(name: string, value: number | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (value >= 0) return value;
  throw new HvqlError('INVALID_PARAMETER', `${name} needs to be 0 or more, but is ${value}.`, {
    argument: name,
  });
}

/** What growth is taken over, in milliseconds. Throws LIMIT_EXCEEDED outside the bounds. */
export function overArgument(view: View, over: number | null | undefined): number {
  if (over === null || over === undefined) return view.look.defaultOver;
  const { minIntervalMilliseconds: least, maxIntervalMilliseconds: most } = view.limits;
  if (over >= least && over <= most) return over;
  const bound = over < least ? `at least ${formatDuration(least)}` : `at most ${formatDuration(most)}`;
  throw new HvqlError('LIMIT_EXCEEDED', `over needs to be ${bound}, but is ${formatDuration(over)}.`, {
    argument: 'over',
    limit: formatDuration(over < least ? least : most),
    actual: formatDuration(over),
  });
}
