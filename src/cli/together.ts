/** Things that are opened at the same time, so that all that is wrong with them is told at once. */
import { UsageError } from '../errors.ts';

/**
 * Waits for all. Rejects with one UsageError that has the problems of all, or with whatever else went wrong; then the
 * first, which alone is to be closed, is closed where it could be opened.
 */
export async function together<First extends { close(): Promise<void> }, Others extends readonly unknown[]>(
  first: Promise<First>,
  ...others: { readonly [Index in keyof Others]: Promise<Others[Index]> }
): Promise<[First, ...Others]> {
  const ends = await Promise.allSettled([first, ...others]);
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  // Nothing here waits any more.
  if (reasons.length === 0) return [await first, ...(await Promise.all(others))] as [First, ...Others];
  if (ends[0].status === 'fulfilled') await ends[0].value.close();
  const mistakes = reasons.filter((reason) => reason instanceof UsageError);
  if (mistakes.length === reasons.length) throw new UsageError(mistakes.flatMap(({ problems }) => problems));
  throw reasons.find((reason) => !(reason instanceof UsageError));
}
