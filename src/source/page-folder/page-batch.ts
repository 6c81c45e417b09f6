/** Reads a batch of objects from a tree without blocking the process for long. */
import { setImmediate } from 'node:timers/promises';
import { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { PageTree } from './page-tree.ts';

/** Takes some 2 ms to read; then the event loop runs. */
export const objectsPerSlice = 128;

/** The same without a promise; null if the batch is large enough to delay other work. */
export function readObjectsSync(
  tree: PageTree,
  objects: readonly ObjectName[],
): (Reading | HvqlError)[] | null {
  return objects.length > objectsPerSlice ? null : objects.map((name) => readOne(tree, name));
}

/**
 * Reads these objects, in their order. Each object that cannot be read has its error in its place.
 * Rejects with the signal's reason once it is aborted.
 */
export async function readObjects(
  tree: PageTree,
  batch: { readonly objects: readonly ObjectName[]; readonly signal: AbortSignal },
): Promise<(Reading | HvqlError)[]> {
  batch.signal.throwIfAborted();
  const outcomes: (Reading | HvqlError)[] = [];
  for (const name of batch.objects) {
    if (outcomes.length > 0 && outcomes.length % objectsPerSlice === 0) {
      await setImmediate();
      batch.signal.throwIfAborted();
    }
    outcomes.push(readOne(tree, name));
  }
  return outcomes;
}

function readOne(tree: PageTree, name: ObjectName): Reading | HvqlError {
  try {
    return tree.read(name);
  } catch (thrown) {
    if (thrown instanceof HvqlError) return thrown;
    throw thrown;
  }
}

/** The result of reading; an HvqlError is returned, any other error thrown. */
export function orHvqlError(read: () => Reading): Reading | HvqlError {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof HvqlError) return thrown;
    throw thrown;
  }
}
