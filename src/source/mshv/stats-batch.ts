/** A batch of objects of a Linux host; of a long one a second thread reads its part. */
import { setImmediate } from 'node:timers/promises';
import type { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { objectsPerTurn, orHvqlError, readObjects } from '../page-folder/page-batch.ts';
import type { DriverTree } from './driver-tree.ts';
import type { SecondReader, SharedReading } from './second-reader.ts';

/** What is to be read, for whom, and who helps. */
export interface StatsBatch {
  readonly objects: readonly ObjectName[];
  readonly signal: AbortSignal;
  /** null for nobody. */
  readonly second: SecondReader | null;
}

/**
 * Reads these objects, in their order. Each object that cannot be read has its error in its place. Rejects with the
 * signal's reason once it is aborted.
 */
export async function readStats(tree: DriverTree, batch: StatsBatch): Promise<(Reading | HvqlError)[]> {
  const { objects, signal, second } = batch;
  signal.throwIfAborted();
  const isLong = objects.length > objectsPerTurn;
  const shared = isLong ? second?.begin(objects.map((name) => tree.path(name))) : null;
  if (shared == null) return readObjects(tree, { objects, signal });
  try {
    return await readShared(tree, batch, shared);
  } finally {
    shared.end();
  }
}

async function readShared(
  tree: DriverTree,
  { objects, signal }: StatsBatch,
  shared: SharedReading,
): Promise<(Reading | HvqlError)[]> {
  const taken: (Reading | HvqlError | undefined)[] = objects.map(() => undefined);
  let read = 0;
  for (let part = shared.take(); part !== null; part = shared.take()) {
    for (const [n, name] of objects.slice(part.from, part.to).entries()) {
      taken[part.from + n] = orHvqlError(() => tree.read(name));
      read += 1;
    }
    if (read >= objectsPerTurn) {
      read = 0;
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  const texts = await shared.texts(signal);
  return objects.map((name, n) => {
    const bytes = texts.get(n);
    return taken[n] ?? orHvqlError(() => (bytes === undefined ? tree.read(name) : tree.parse(name, bytes)));
  });
}
