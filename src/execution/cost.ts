/** The cost limit of an operation, in values of its response and in pages to read. */
import { HvqlError } from '../errors.ts';
import type { Limits } from '../graph/context.ts';
import { stepLimit, type Plan } from './plan.ts';

/** The limits on the cost of one operation. */
export type CostLimits = Pick<Limits, 'maxValues' | 'maxPages'>;

/** LIMIT_EXCEEDED if a plan exceeds a limit; else null. */
export function costProblem(
  { values, pages, cutShortBy }: Plan,
  { maxValues, maxPages }: CostLimits,
): HvqlError | null {
  if (cutShortBy === 'steps') {
    return new HvqlError(
      'LIMIT_EXCEEDED',
      `The cost of the operation cannot be computed within ${stepLimit} steps: request fewer fields or fewer objects ` +
        '(first, indexes), or use several operations.',
      { limit: stepLimit, actual: `more than ${stepLimit}` },
    );
  }
  if (cutShortBy === 'values' || values > maxValues) {
    const actual = cutShortBy === null ? values : `more than ${maxValues}`;
    return new HvqlError(
      'LIMIT_EXCEEDED',
      `The response would have ${actual} values, but at most ${maxValues} are allowed: request fewer fields or fewer ` +
        'objects (first, indexes), or use several operations.',
      { limit: maxValues, actual },
    );
  }
  if (pages <= maxPages) return null;
  return new HvqlError(
    'LIMIT_EXCEEDED',
    `The operation would read ${pages} overlay pages, but at most ${maxPages} are allowed: request fewer objects ` +
      '(first, indexes), or use several operations.',
    { limit: maxPages, actual: pages },
  );
}
