/** Reads a batch of objects of a Linux host. A second thread takes part in large batches. */
import { setImmediate } from 'node:timers/promises';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { objectsPerSlice, orHvqlError, readObjects } from '../page-folder/page-batch.ts';
import type { DriverTree } from './driver-tree.ts';
import type { SecondReader, SharedReading } from './second-reader.ts';
import type { StatsLayout } from './stats-layout.ts';

/** The objects, and what reads them. */
export interface StatsBatch {
  readonly objects: readonly ObjectName[];
  readonly signal: AbortSignal;
  /** null if there is no second thread. */
  readonly second: SecondReader | null;
  /** The layouts of the texts that were read last. */
  readonly layouts: ReadonlyMap<StatisticsObject, StatsLayout>;
}

/**
 * Reads objects, and returns an outcome for each in their order: a reading or an error. Rejects with the signal's
 * reason when that is aborted.
 */
export async function readStats(tree: DriverTree, batch: StatsBatch): Promise<(Reading | HvqlError)[]> {
  const { objects, signal, second, layouts } = batch;
  signal.throwIfAborted();
  const files = (): { path: string; object: StatisticsObject }[] =>
    objects.map((name) => ({ path: tree.path(name), object: name.object }));
  const shared = objects.length > objectsPerSlice ? second?.begin(files(), layouts) : null;
  return shared == null ? readObjects(tree, { objects, signal }) : readShared(tree, batch, shared);
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
    if (read >= objectsPerSlice) {
      read = 0;
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  const readings = await shared.readings(signal);
  return objects.map((name, n) => taken[n] ?? readings.get(n) ?? orHvqlError(() => tree.read(name)));
}
