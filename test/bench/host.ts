/** The host that all servers have before them: simulated for one moment, then frozen as a page folder. */
import { mkdtempSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pagePlace } from '../../src/snapshot/object-name.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import type { Topology } from '../../src/snapshot/topology.ts';
import { lookAtAll, type Look } from '../../src/source/look.ts';
import { openPageFolder } from '../../src/source/page-folder/page-folder.ts';
import { pageFolderWriter } from '../../src/source/page-folder/page-folder-writer.ts';
import { openSimulator } from '../../src/source/simulator/simulator.ts';
import type { HostSize } from './workload.ts';

/** A host in memory: what exists, and the bytes of each page by its place. */
export interface HostInMemory {
  readonly topology: Topology;
  readonly pages: ReadonlyMap<string, Uint8Array>;
}

const seeds = 100;

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
  const { topology, pages, failures } = await lookAtAll(source, new AbortController().signal);
  if (failures[0] !== undefined) throw failures[0];
  return { topology, pages: new Map(pages.map(({ name, bytes }) => [pagePlace(name), bytes])) };
}

/** At some seeds one of the partitions is just being replaced. */
async function simulated({ logicalProcessors, partitions, virtualProcessors }: HostSize): Promise<Look> {
  for (let seed = 1; seed <= seeds; seed++) {
    const settings = { seed, logicalProcessors, partitions, virtualProcessors, nested: 0 };
    const look = await lookAtAll(openSimulator(settings, systemClock), new AbortController().signal);
    if (look.topology.partitions.length === partitions) return look;
  }
  throw new Error(`no simulated host has ${partitions} partitions at its start`);
}
