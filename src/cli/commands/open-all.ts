/** Things that are opened at the same time, so that all that is wrong with them is told at once. */
import { UsageError } from '../../errors.ts';

/** What they come to, in their order. */
type Opened<Things extends readonly Promise<unknown>[]> = {
  -readonly [N in keyof Things]: Awaited<Things[N]>;
};

/**
 * Waits for all. Rejects with one UsageError that has the problems of all, or with whatever else went wrong; then those
 * that could be opened and want to be closed are.
 */
export async function openAll<Things extends readonly Promise<unknown>[]>(
  ...things: Things
): Promise<Opened<Things>> {
  const ends = await Promise.allSettled(things);
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  if (reasons.length === 0) return Promise.all(things);
  for (const end of ends) if (end.status === 'fulfilled' && isClosable(end.value)) await end.value.close();
  const mistakes = reasons.filter((reason) => reason instanceof UsageError);
  if (mistakes.length === reasons.length) throw new UsageError(mistakes.flatMap(({ problems }) => problems));
  throw reasons.find((reason) => !(reason instanceof UsageError));
}

function isClosable(thing: unknown): thing is { close(): Promise<void> } {
  return typeof thing === 'object' && thing !== null && 'close' in thing && typeof thing.close === 'function';
}
