/** Every caller × every object that has pages of both areas, in questions and live, by fields and by pages. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCounters } from '../../src/page/encode.ts';
import { callers, openAccessHost, parents, type AccessHost } from './access-host.ts';
import { post } from './program.ts';
import { putFile } from '../source/scratch.ts';
import { transports } from './watcher.ts';

/** What every counter in a page of partition 5 and its virtual processors is, for one. */
const numbers = { SELF: 1_000n, PARENT: 2_000n } as const;
type Area = keyof typeof numbers;
const files: Record<Area, string> = { SELF: 'stats.self.page', PARENT: 'stats.page' };

let host: AccessHost;
beforeAll(async () => {
  host = await openAccessHost();
  for (const id of Object.keys(parents)) {
    for (const area of ['SELF', 'PARENT'] as const) {
      const put = (place: string, object: 'PARTITION' | 'VIRTUAL_PROCESSOR'): void => {
        const content = encodeCounters(object, () => numbers[area] + BigInt(id));
        putFile(host.folder, { place: join(place, files[area]), content });
      };
      put(`partition/${id}`, 'PARTITION');
      put(`partition/${id}/vp/0`, 'VIRTUAL_PROCESSOR');
    }
  }
});
afterAll(() => host.close());

const selection = `{
  partitionId
  counters { gpaPages }
  page { area source groups { values } }
  virtualProcessor(index: 0) { counters { hypercalls } page { area source groups { values } } }
}`;

/** The same for one object, as a caller with this area gets it. */
function toldOf(id: string, area: Area): object {
  const number = String(numbers[area] + BigInt(id));
  const page = (place: string) => ({
    area,
    source: `pages:${place}/${files[area]}`,
    groups: [expect.anything(), expect.anything()],
  });
  return {
    partitionId: id,
    counters: { gpaPages: number },
    page: page(`partition/${id}`),
    virtualProcessor: { counters: { hypercalls: number }, page: page(`partition/${id}/vp/0`) },
  };
}

/** The area that a caller is given of a partition: null where it may not read it. */
function areaOf(who: string, id: string): Area | null {
  const caller = callers[who];
  if (caller?.readable.includes(id) !== true) return null;
  return caller.partition === id ? 'SELF' : 'PARENT';
}

/** Every number in a text of JSON that is one of the pages'. */
function numbersIn(told: unknown): Set<string> {
  return new Set(JSON.stringify(told).match(/"[12]0\d\d"/g) ?? []);
}

describe.each(Object.keys(callers))('%s', (who) => {
  const expected = Object.keys(parents).map((id) => {
    const area = areaOf(who, id);
    return [id, area === null ? null : toldOf(id, area)] as const;
  });

  it('gets SELF of itself, PARENT of its children, and nothing of others in a query', async () => {
    const token = host.tokens[who];
    const aliased = Object.keys(parents).map((id) => `p${id}: partition(id: ${id}) ${selection}`);
    const { data } = await post(host.served.url, { token, query: `{ ${aliased.join(' ')} }` });
    for (const [id, told] of expected) {
      const found = data[`p${id}`];
      expect(found).toEqual(told);
      const area = areaOf(who, id);
      const own = area === null ? [] : [`"${numbers[area] + BigInt(id)}"`];
      expect(numbersIn(found ?? {})).toEqual(new Set(own));
    }
  });

  it.each(Object.entries(transports))('gets the same in events over %s', async (_transport, watch) => {
    for (const [id, told] of expected) {
      const query = `subscription { partition(id: ${id}, every: "1h") ${selection} }`;
      const watcher = watch({ url: host.served.url, token: host.tokens[who], query });
      const event = await watcher.event(0);
      expect(event.data?.partition ?? null).toEqual(told);
      watcher.stop();
    }
  });

  it('gets the same from lists, orders, totals and global ids', async () => {
    const token = host.tokens[who];
    const { data } = await post(host.served.url, {
      token,
      query: `{ hypervisor {
        partitions { nodes { id partitionId counters { gpaPages } virtualProcessors(indexes: [0]) { id counters { hypercalls } } } }
        virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }, first: 1000) { index partition { partitionId } counters { hypercalls } }
      } }`,
    });
    const numberOf = (id: string): string => String(numbers[areaOf(who, id) ?? 'SELF'] + BigInt(id));
    for (const node of data.hypervisor.partitions.nodes) {
      expect(node.counters.gpaPages).toBe(numberOf(node.partitionId));
      expect(node.virtualProcessors[0].counters.hypercalls).toBe(numberOf(node.partitionId));
      const query =
        'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Partition { counters { gpaPages } } ... on VirtualProcessor { counters { hypercalls } } } }';
      const ids = [node.id, node.virtualProcessors[0].id];
      const { data: byId } = await post(host.served.url, { token, query, variables: { ids } });
      expect(byId.nodes).toEqual([
        { counters: node.counters },
        { counters: node.virtualProcessors[0].counters },
      ]);
    }
    for (const { index, partition, counters } of data.hypervisor.virtualProcessors) {
      if (index === 0) expect(counters.hypercalls).toBe(numberOf(partition.partitionId));
    }
  });

  it('gets both areas from the service field', async () => {
    const query = '{ service { source { areas } } }';
    const { data } = await post(host.served.url, { token: host.tokens[who], query });
    expect(data.service.source.areas).toEqual(['SELF', 'PARENT']);
  });
});

it('callers never receive the response of another caller that asks at the same time', async () => {
  const query = `{ partition(id: 5) ${selection} }`;
  const ask = (who: string) => post(host.served.url, { token: host.tokens[who], query });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => ask(n % 2 === 0 ? 'root' : 'self (a guest)')),
  );
  for (const [n, { data }] of answers.entries()) {
    expect(data.partition).toEqual(toldOf('5', n % 2 === 0 ? 'PARENT' : 'SELF'));
  }
});

it('changes are computed within one area, regardless of earlier reads', async () => {
  const query = '{ partition(id: 5) { deltas(over: "100ms") { gpaSpaceModifications } } }';
  for (const who of ['root', 'self (a guest)', 'root']) {
    const { data } = await post(host.served.url, { token: host.tokens[who], query });
    expect(data.partition.deltas.gpaSpaceModifications).toBe('0');
  }
});
