/** A service for a Linux host: every caller gets exactly what its files contain, in queries and events. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { statisticsObjects, type StatisticsObject } from '../../src/catalogue/group.ts';
import { get, post, serve, type Served } from './program.ts';
import { transports } from './watcher.ts';

const secret = 'the secret of the Linux host, long enough';
type Values = Record<string, Record<string, string | null>>;

/** What the files say, by field; a counter that they do not have is null. */
const files = JSON.parse(readFileSync('test/fixtures/mshv.expected.json', 'utf8')) as Values;
const values: Values = Object.fromEntries(
  Object.entries(files).map(([key, numbers]) => [
    key,
    Object.fromEntries(countersOf(objectOf(key)).map(({ field, linux }) => [field, numbers[linux] ?? null])),
  ]),
);

function objectOf(key: string): StatisticsObject {
  if (key === 'hypervisor') return 'HYPERVISOR';
  if (key.startsWith('lp/')) return 'LOGICAL_PROCESSOR';
  return key.includes('/vp/') ? 'VIRTUAL_PROCESSOR' : 'PARTITION';
}

const all = Object.fromEntries(
  statisticsObjects.map((object) => [
    object,
    countersOf(object)
      .map(({ field }) => field)
      .join(' '),
  ]),
) as Record<StatisticsObject, string>;
const hypervisor = `{
  counters { ${all.HYPERVISOR} }
  page { bytes }
  logicalProcessors { index counters { ${all.LOGICAL_PROCESSOR} } page { bytes } }
  partitions { totalCount nodes { ...whole } }
}`;
const whole = `fragment whole on Partition {
  partitionId name isRoot parent { partitionId }
  counters { ${all.PARTITION} }
  page { bytes }
  virtualProcessors { index counters { ${all.VIRTUAL_PROCESSOR} } page { bytes } }
}`;

/** Every object of an answer, as in the expected values. */
function valuesOf({ counters, logicalProcessors, partitions }: any): Values {
  const found: Values = {};
  if (counters !== null) found['hypervisor'] = counters;
  for (const each of logicalProcessors ?? []) found[`lp/${each.index}`] = each.counters;
  for (const { partitionId, ...partition } of partitions.nodes) {
    found[`partition/${partitionId}`] = partition.counters;
    for (const each of partition.virtualProcessors) {
      found[`partition/${partitionId}/vp/${each.index}`] = each.counters;
    }
  }
  return found;
}

/** Callers: partition, privileges, and which partitions that one may read. */
const callers: Record<
  string,
  [id: string, privileges: string[] | null, readable: string[], isGlobal: boolean]
> = {
  root: ['1', null, ['1', '2', '4'], true],
  'root with ACCESS_STATS only': ['1', ['ACCESS_STATS'], ['2', '4'], true],
  'root with ACCESS_STATS_MSR only': ['1', ['ACCESS_STATS_MSR'], ['1'], false],
  'root without privileges': ['1', [], [], false],
  'a guest': ['2', null, ['2'], false],
  'another guest': ['4', null, ['4'], false],
  'a guest without privileges': ['4', [], [], false],
  'an unrelated partition': ['77', null, [], false],
};

function expectedValues(readable: readonly string[], isGlobal: boolean): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([key]) =>
      key.startsWith('partition/') ? readable.includes(String(key.split('/')[1])) : isGlobal,
    ),
  );
}

describe('a service for a Linux host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-linux-'));
  const names = join(folder, 'names.json');
  let served: Served;
  beforeAll(async () => {
    writeFileSync(names, '{"1": "root", "2": "db-1", "4": "web-1"}');
    const args = ['--source', 'mshv:test/fixtures/mshv', '--names', names, '--snapshot-max-age', '0ms'];
    served = await serve(args, { HVQL_JWT_SECRET: secret });
  });
  afterAll(async () => {
    await served.program.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function tokenOf(id: string, privileges: string[] | null): Promise<string> {
    return new SignJWT({ hv_partition: id, ...(privileges && { hv_privileges: privileges }) })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));
  }

  it.each(Object.entries(callers))(
    'shows %s exactly what it may read, in queries and events',
    async (_who, [id, privileges, readable, isGlobal]) => {
      const token = await tokenOf(id, privileges);
      const { url } = served;
      const query = `{ hypervisor ${hypervisor} } ${whole}`;
      const told = [
        (await post(url, { token, query })).data.hypervisor,
        (await get(url, { token, query })).data.hypervisor,
      ];
      for (const watch of Object.values(transports)) {
        const live = `subscription { hypervisor(every: "100ms") ${hypervisor} } ${whole}`;
        const watcher = watch({ url, token, query: live });
        told.push((await watcher.event(0)).data.hypervisor, (await watcher.event(1)).data.hypervisor);
        watcher.stop();
      }
      expect(told).toHaveLength(6);
      for (const answer of told) {
        expect(valuesOf(answer)).toEqual(expectedValues(readable, isGlobal));
        expect(answer.partitions.totalCount).toBe(readable.length);
        expect(JSON.stringify(answer)).not.toContain('"bytes"');
      }
    },
  );

  it('takes names from a file, and finds partitions by changed names immediately', async () => {
    const token = await tokenOf('1', null);
    const query =
      '{ hypervisor { partitions { nodes { name isRoot parent { partitionId } page { bytes } } } } service { source { kind unreadableLines } } }';
    const { data, errors } = await post(served.url, { token, query });
    expect(errors).toBeUndefined();
    const guest = { isRoot: false, parent: { partitionId: '1' }, page: null };
    expect(data).toEqual({
      hypervisor: {
        partitions: {
          nodes: [
            { name: 'root', isRoot: true, parent: null, page: null },
            { ...guest, name: 'db-1' },
            { ...guest, name: 'web-1' },
          ],
        },
      },
      service: { source: { kind: 'mshv', unreadableLines: '0' } },
    });
    writeFileSync(names, '{"4": "web-2"}');
    const again = await post(served.url, { token, query: '{ partition(id: 4) { name } }' });
    expect(again.data.partition.name).toBe('web-2');
  });
});
