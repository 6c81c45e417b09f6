/** A partition that stops and starts again with its id, in page folders that the built program reads. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeCounters } from '../../src/page/encode.ts';
import { pagePlace, type ObjectName } from '../../src/snapshot/object-name.ts';
import { until } from '../until.ts';
import { serve } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'hvql-absence-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writePage(tree: string, name: ObjectName, value: bigint): void {
  const path = join(tree, pagePlace(name));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    encodeCounters(name.object, () => value),
  );
}

/** A root partition, and partition 5 whose counters all have this value. */
function writeHost(tree: string, value: bigint): void {
  writePage(tree, { object: 'HYPERVISOR' }, 1n);
  writePage(tree, { object: 'PARTITION', partitionId: 1n }, 1n);
  writePage(tree, { object: 'PARTITION', partitionId: 5n }, value);
  writePage(tree, { object: 'VIRTUAL_PROCESSOR', partitionId: 5n, index: 0 }, value);
  const partitions = [
    { id: '1', parent: null },
    { id: '5', parent: '1' },
  ];
  const manifest = { format: 'hvql-pages', version: 1, partitions };
  writeFileSync(join(tree, 'manifest.json'), JSON.stringify(manifest));
}

describe.each([
  ['one process', []],
  ['two processes', ['--workers', '2']],
])('%s', (_what, args) => {
  it('computes changes since the return of a partition, not since before its absence', async () => {
    const tree = mkdtempSync(join(folder, 'host-'));
    writeHost(tree, 1_000n);
    const { program, url, tokens } = await serve([...args, '--source', `pages:${tree}`]);
    // Each request has a connection of its own, so that all processes are asked in turn.
    const ask = async (query: string): Promise<any> => {
      const headers = {
        'content-type': 'application/json',
        connection: 'close',
        authorization: `Bearer ${tokens[0]}`,
      };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return response.json();
    };
    const held = '{ partition(id: 5) { virtualProcessors { counters { hypercalls } } } }';
    // Until stored readings are old enough for a change over a tenth of a second.
    const begun = performance.now();
    while (performance.now() - begun < 150) await ask(held);
    const place = join(tree, 'partition/5');
    renameSync(place, join(tree, '5-before'));
    // A snapshot of 10 ms ago (--snapshot-max-age) may still have it.
    await until(async () => (await ask(held)).data.partition === null);
    // Time for the processes to notify each other: connections reach them through the same channel.
    for (let n = 0; n < 8; n += 1) await ask('{ service { version } }');
    const next = mkdtempSync(join(folder, 'next-'));
    writeHost(next, 9_000n);
    renameSync(join(next, 'partition/5'), place);
    const change = `{ partition(id: 5) { virtualProcessors {
      counters { hypercalls } deltas(over: "100ms") { hypercalls } rates(over: "100ms") { totalRunTime } } } }`;
    for (let n = 0; n < 2; n += 1) {
      const { data } = await ask(change);
      expect(data.partition.virtualProcessors).toEqual([
        { counters: { hypercalls: '9000' }, deltas: { hypercalls: '0' }, rates: { totalRunTime: 0 } },
      ]);
    }
    await program.stop();
  });
});
