/** A host of 64 logical processors and 128 partitions with 8 virtual processors each, asked for everything. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import type { StatisticsObject } from '../../src/catalogue/group.ts';
import { ask } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { post, serve, type Served } from './program.ts';

const all = (object: StatisticsObject): string =>
  countersOf(object)
    .map(({ field }) => field)
    .join(' ');
const everything = `{
  hypervisor {
    sampledAt
    counters { ${all('HYPERVISOR')} }
    logicalProcessors { counters { ${all('LOGICAL_PROCESSOR')} } }
    front: partitions(first: 100) { nodes { ...whole } }
    rest: partitions(last: 28) { nodes { ...whole } }
  }
}
fragment whole on Partition {
  sampledAt
  counters { ${all('PARTITION')} }
  virtualProcessors { counters { ${all('VIRTUAL_PROCESSOR')} } }
}`;

describe('a host of 1,217 objects', () => {
  const source = new FakeSource();
  source.logicalProcessors = Array.from({ length: 64 }, (_, n) => n);
  source.partitions = Array.from({ length: 128 }, (_, n) =>
    partitionEntry(BigInt(n + 1), n === 0 ? null : 1n, 8),
  );

  it('reads one page for one counter of one virtual processor', async () => {
    await ask({
      source,
      query: '{ partition(id: 77) { virtualProcessor(index: 7) { counters { hypercalls } } } }',
    });
    expect(source.batches.splice(0)).toEqual([['partition/77/vp/7']]);
  });

  it('reads each page once for all counters, in one batch, at one time', async () => {
    const { data, errors } = await ask({ source, query: everything, limits: { maxValues: 250_000 } });
    expect(errors).toBeUndefined();
    expect(source.batches).toHaveLength(1);
    expect(new Set(source.batches[0]).size).toBe(1217);
    expect(source.batches[0]).toHaveLength(1217);
    const text = JSON.stringify(data);
    // 5 of the hypervisor, 64 × 18, 128 × 8, 1,024 × 65.
    expect(text.match(/":"\d+"/g)).toHaveLength(5 + 1152 + 1024 + 66_560);
    expect(new Set(text.match(/"sampledAt":"[^"]+"/g)).size).toBe(1);
  });
});

describe.skipIf(process.platform !== 'linux')('the service for such a host', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?lps=64&partitions=128&vps=8']);
  });
  afterAll(() => served.program.stop());

  /** Megabytes of memory: held now, or at the most so far. */
  const memory = (field: 'VmRSS' | 'VmHWM'): number => {
    const status = readFileSync(`/proc/${served.program.child.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  };

  it('never uses more than 200 MB above idle while it responds to everything', async () => {
    const [token] = served.tokens;
    await post(served.url, { token, query: '{ hypervisor { sampledAt } }' });
    const idle = memory('VmRSS');
    for (let n = 0; n < 5; n += 1) {
      const { data, errors } = await post(served.url, { token, query: everything });
      // A partition may stop between being listed and being read.
      const codes = (errors ?? []).map(({ extensions }: any) => extensions.code);
      expect(codes.filter((code: string) => code !== 'PAGE_UNAVAILABLE')).toEqual([]);
      expect(JSON.stringify(data).match(/":"\d+"/g)?.length).toBeGreaterThan(65_000);
    }
    expect(memory('VmHWM') - idle).toBeLessThan(200);
  });
});
