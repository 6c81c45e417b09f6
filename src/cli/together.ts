/** Things that are opened at the same time, so that all that is wrong with them is told at once. */
import { UsageError } from '../errors.ts';

/**
 * Waits for both. Rejects with one UsageError that has the problems of both, or with whatever else went wrong; then
 * what could be opened is closed.
 */
export async function together<First extends { close(): Promise<void> }, Second>(
  first: Promise<First>,
  second: Promise<Second>,
): Promise<[First, Second]> {
  const [one, two] = await Promise.allSettled([first, second]);
  if (one.status === 'fulfilled' && two.status === 'fulfilled') return [one.value, two.value];
  if (one.status === 'fulfilled') await one.value.close();
  const reasons = [one, two].flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  const mistakes = reasons.filter((reason) => reason instanceof UsageError);
  if (mistakes.length === reasons.length) throw new UsageError(mistakes.flatMap(({ problems }) => problems));
  throw reasons.find((reason) => !(reason instanceof UsageError));
}
