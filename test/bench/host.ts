/** The host of all servers: simulated up to one time, then stored as a page folder. */
import { mkdtempSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pagePlace } from '../../src/snapshot/object-name.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import { topologyOf, type Topology } from '../../src/snapshot/topology.ts';
import { takeSnapshot, type HostSnapshot } from '../../src/source/host-snapshot.ts';
import { openPageFolder } from '../../src/source/page-folder/page-folder.ts';
import { pageFolderWriter } from '../../src/source/page-folder/page-folder-writer.ts';
import { openSimulator } from '../../src/source/simulator/simulator.ts';
import type { HostSize } from './workload.ts';

/** A host in memory: what exists, and the bytes of each page by its place. */
export interface HostInMemory {
  readonly topology: Topology;
  readonly pages: ReadonlyMap<string, Uint8Array>;
}

/** A new folder in memory (a tmpfs) where there is one. */
export function memoryFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hvql-bench-'));
}

/** Writes the folder: a host of exactly this size. */
export async function writeHost(folder: string, size: HostSize): Promise<void> {
  pageFolderWriter(folder).write(await simulated(size));
}

/** Reads all of a folder that `writeHost` wrote. */
export async function readHost(folder: string): Promise<HostInMemory> {
  const source = openPageFolder(folder, { clock: systemClock });
  const { topology, pages, failures } = await takeSnapshot(source, new AbortController().signal);
  if (failures[0] !== undefined) throw failures[0];
  return { topology, pages: new Map(pages.map(({ name, bytes }) => [pagePlace(name), bytes])) };
}

/** Partitions come and go: some more are simulated, so that enough of them are there at the start. */
async function simulated({
  logicalProcessors,
  partitions,
  virtualProcessors,
}: HostSize): Promise<HostSnapshot> {
  const settings = {
    seed: 1,
    logicalProcessors,
    partitions: partitions + spare(partitions),
    virtualProcessors,
  };
  const source = openSimulator({ ...settings, nested: 0, release: 2013 }, systemClock);
  const { topology, pages, ...snapshot } = await takeSnapshot(source, new AbortController().signal);
  if (topology.partitions.length < partitions) throw new Error(`there are not ${partitions} partitions`);
  const kept = topology.partitions.slice(0, partitions);
  const ids = new Set(kept.map(({ id }) => id));
  return {
    ...snapshot,
    topology: topologyOf(topology.logicalProcessors, kept),
    pages: pages.filter(({ name }) => !('partitionId' in name) || ids.has(name.partitionId)),
  };
}

/** The root never stops. */
function spare(partitions: number): number {
  return partitions === 1 ? 0 : 2 + Math.ceil(partitions / 5);
}
