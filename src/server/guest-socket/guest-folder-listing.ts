/** What stands in a folder in which virtual machine monitors keep their sockets. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePartitionId } from '../../snapshot/partition-id.ts';

/** What a folder is asked. */
export interface ListingOptions {
  readonly folder: string;
  /** The port of the virtual socket that guests connect to. */
  readonly port: number;
  /** How many requests are listed at the most, those of partitions that have a socket already first. */
  readonly limit: number;
  /** Whether a partition has a socket already. */
  readonly isOpen: (partitionId: bigint) => boolean;
}

/** What was found. */
export interface FolderListing {
  /** Partitions that a socket is asked for, in ascending order. */
  readonly requested: ReadonlySet<bigint>;
  /** Those of them that are open and whose file is there. */
  readonly present: ReadonlySet<bigint>;
  /** How many requests there are beyond the limit. */
  readonly unanswered: number;
}

/**
 * Where the virtual machine monitor of a partition has its own socket, `<partition id>.sock`, there is a request: a
 * guest that connects to this port of its virtual socket is brought to the socket beside it, by the monitor's rule
 * `<its own path>_<port>` (Firecracker's docs/vsock.md, Cloud Hypervisor's docs/vsock.md). All else is left alone.
 */
export async function listRequests({ folder, port, limit, isOpen }: ListingOptions): Promise<FolderListing> {
  const open = new Set<bigint>();
  const others = new Set<bigint>();
  const present = new Set<bigint>();
  let beyond = 0;
  for await (const entry of await opendir(folder)) {
    const { id: text, port: portText } = namePattern.exec(entry.name)?.groups ?? {};
    const id = text === undefined ? null : parsePartitionId(text);
    if (id === null || entry.isDirectory()) continue;
    if (portText === String(port)) {
      if (isOpen(id)) present.add(id);
    } else if (portText !== undefined) continue;
    else if (isOpen(id)) open.add(id);
    else if (others.size < limit) others.add(id);
    else beyond += 1;
  }
  const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
  const requested = new Set([...open, ...others].slice(0, limit).sort(ascending));
  return { requested, present, unanswered: open.size + others.size - requested.size + beyond };
}

/** The path of a partition's socket in a folder. */
export function guestSocketPath(partitionId: bigint, { folder, port }: ListingPlace): string {
  return join(folder, `${partitionId}.sock_${port}`);
}

type ListingPlace = Pick<ListingOptions, 'folder' | 'port'>;

const namePattern = /^(?<id>\d+)\.sock(?:_(?<port>\d+))?$/;
