/** What an operation may cost at the most, in values of its answer and in pages to read. */
import { HvqlError } from '../errors.ts';
import type { Limits } from '../graph/context.ts';
import { stepLimit, type Plan } from './plan.ts';

/** How much may be asked for at once. */
export type CostLimits = Pick<Limits, 'maxValues' | 'maxPages'>;

/** LIMIT_EXCEEDED where a plan asks for more than may be; null where it does not. */
export function costProblem(
  { values, pages, cutShortBy }: Plan,
  { maxValues, maxPages }: CostLimits,
): HvqlError | null {
  if (cutShortBy === 'steps') {
    return new HvqlError(
      'LIMIT_EXCEEDED',
      `What the operation would cost takes more than ${stepLimit} steps to find out: ask for fewer fields, for fewer ` +
        'objects (first, indexes), or in several operations.',
      { limit: stepLimit, actual: `more than ${stepLimit}` },
    );
  }
  if (cutShortBy === 'values' || values > maxValues) {
    const actual = cutShortBy === null ? values : `more than ${maxValues}`;
    return new HvqlError(
      'LIMIT_EXCEEDED',
      `The answer would hold ${actual} values, but at most ${maxValues} may be: ask for fewer fields, for fewer ` +
        'objects (first, indexes), or in several operations.',
      { limit: maxValues, actual },
    );
  }
  if (pages <= maxPages) return null;
  return new HvqlError(
    'LIMIT_EXCEEDED',
    `${pages} overlay pages would be read, but at most ${maxPages} may be: ask for fewer objects (first, indexes), ` +
      'or in several operations.',
    { limit: maxPages, actual: pages },
  );
}
