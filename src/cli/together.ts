/** Things that are opened at the same time, so that all that is wrong with them is told at once. */
import { UsageError } from '../errors.ts';

/**
 * Waits for all. Rejects with one UsageError that has the problems of all, or with whatever else went wrong; then the
 * first, if it could be opened, is closed.
 */
export async function together<First extends { close(): Promise<void> }, Others extends readonly unknown[]>(
  first: Promise<First>,
  ...others: { readonly [Index in keyof Others]: Promise<Others[Index]> }
): Promise<[First, ...Others]> {
  const [one, ...more] = await Promise.allSettled([first, ...others]);
  const reasons = [one, ...more].flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  if (one.status === 'fulfilled') {
    if (reasons.length === 0) return [one.value, ...((await Promise.all(others)) as unknown as Others)];
    await one.value.close();
  }
  const mistakes = reasons.filter((reason) => reason instanceof UsageError);
  if (mistakes.length === reasons.length) throw new UsageError(mistakes.flatMap(({ problems }) => problems));
  throw reasons.find((reason) => !(reason instanceof UsageError));
}
