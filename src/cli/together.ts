/** Things that are opened at the same time, so that all that is wrong with them is told at once. */
import { UsageError } from '../errors.ts';

/**
 * Waits for all. Rejects with one UsageError that has the problems of all, or with whatever else went wrong; then what
 * could be opened is closed, where it can be.
 */
export async function together<Things extends readonly unknown[]>(
  ...opening: { readonly [Index in keyof Things]: Promise<Things[Index]> }
): Promise<Things> {
  const ends = await Promise.allSettled(opening);
  const things = ends.flatMap((end): unknown[] => (end.status === 'fulfilled' ? [end.value] : []));
  // As many as were asked for, in their order.
  if (things.length === ends.length) return things as unknown as Things;
  for (const thing of things) if (isClosable(thing)) await thing.close();
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  const mistakes = reasons.filter((reason) => reason instanceof UsageError);
  if (mistakes.length === reasons.length) throw new UsageError(mistakes.flatMap(({ problems }) => problems));
  throw reasons.find((reason) => !(reason instanceof UsageError));
}

function isClosable(thing: unknown): thing is { close(): unknown } {
  return typeof thing === 'object' && thing !== null && 'close' in thing && typeof thing.close === 'function';
}
