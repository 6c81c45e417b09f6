/** A process that renews the hypervisor's page as fast as it can: every counter holds the number of the renewal. */
import { encodeCounters } from '../../../src/page/encode.ts';
import { hypervisorName } from '../../../src/snapshot/object-name.ts';
import { topologyOf } from '../../../src/snapshot/topology.ts';
import { pageFolderWriter } from '../../../src/source/page-folder/page-folder-writer.ts';

const [, , folder = ''] = process.argv;
const writer = pageFolderWriter(folder);
const topology = topologyOf([], [{ id: 1n, parent: null, name: null, virtualProcessors: [] }]);
// It stops by itself in case the test has ended without stopping it.
const parent = process.ppid;
for (let renewal = 0n; process.ppid === parent; renewal++) {
  const bytes = encodeCounters('HYPERVISOR', () => renewal);
  const at = { wallMilliseconds: 0, monotonicNanoseconds: renewal };
  writer.write({ at, topology, pages: [{ name: hypervisorName, bytes }], pageless: [], failures: [] });
  if (renewal === 0n) process.stdout.write('ready\n');
}
