import { objectKey } from '../../src/snapshot/object-name.ts';
import type { HostSnapshot } from '../../src/source/host-snapshot.ts';

/** A snapshot as text: quick to compare, and short to print if it differs. */
export function textOf({ topology, pages, failures }: HostSnapshot): object {
  return {
    logicalProcessors: topology.logicalProcessors,
    partitions: topology.partitions,
    pages: pages.map(({ name, bytes }) => `${objectKey(name)} ${Buffer.from(bytes).toString('base64')}`),
    failures: failures.map(({ message }) => message),
  };
}
