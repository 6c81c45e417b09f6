/** Reads everything periodically, so that the history does not depend on requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Access, type Granted } from '../../access/access.ts';
import { allPrivileges } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
import type { Topology } from '../../snapshot/topology.ts';

/** The dependencies of the recorder. */
export interface HistoryRecorderOptions {
  readonly everyMilliseconds: number;
  readonly clock: Clock;
  readonly topology: (signal: AbortSignal) => Promise<Topology>;
  /** Reads objects and stores their readings. */
  readonly read: (objects: readonly Granted[], signal: AbortSignal) => Promise<unknown>;
  /** Called with unexpected errors; the recorder continues. */
  readonly onError: (error: unknown) => void;
  /** Waits; by default with the system's timer. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** The maximum number of objects in one read, as for a response: longer reads would delay others. */
const objectsPerRead = 10_000;

/**
 * Reads until the signal is aborted, at multiples of the interval on the wall clock, so that all processes of a service
 * read at the same times. There is one read at a time; missed times are skipped.
 */
export async function recordHistory(options: HistoryRecorderOptions, signal: AbortSignal): Promise<void> {
  const { everyMilliseconds, clock, onError, wait = waitFully } = options;
  let known: Topology | null = null;
  let batches: readonly (readonly Granted[])[] = [];
  while (!signal.aborted) {
    try {
      await wait(everyMilliseconds - (clock.now().wallMilliseconds % everyMilliseconds), signal);
      const topology = await options.topology(signal);
      // The same lists while nothing changes: holding them again costs less.
      if (known !== topology) batches = batchesOf(readableIn(topology));
      known = topology;
      for (const objects of batches) await options.read(objects, signal);
    } catch (error) {
      // The failure of the source has been logged already.
      if (!signal.aborted && !(error instanceof HvqlError)) onError(error);
    }
  }
}

/** Everything that any partition may read: of each partition its own area, and its parent's. */
export function readableIn(topology: Topology): readonly Granted[] {
  const privileges = new Set(allPrivileges);
  const objects: Granted[] = [];
  for (const { id } of topology.partitions) {
    const access = new Access({ partitionId: id, privileges }, topology);
    if (access.isRoot) {
      objects.push(access.hypervisor());
      if (topology.listError === undefined) objects.push(...access.logicalProcessors());
    }
    for (const { name } of access.partitions()) objects.push(name);
    objects.push(...access.allVirtualProcessors());
  }
  return objects;
}

function batchesOf(objects: readonly Granted[]): readonly (readonly Granted[])[] {
  const count = Math.ceil(objects.length / objectsPerRead);
  return Array.from({ length: count }, (_, n) => objects.slice(n * objectsPerRead, (n + 1) * objectsPerRead));
}

/** Timers may fire up to a millisecond before the wall clock has reached their time. */
async function waitFully(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds + 1, undefined, { signal });
}
