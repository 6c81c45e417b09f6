/** Every caller × every object × every way to it, through the running service. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callers, expectedVerdict, openAccessHost, parents, type AccessHost } from './access-host.ts';
import { get, post } from './program.ts';

const transports = { POST: post, GET: get };
type Ask = (query: string, variables?: object) => Promise<any>;

let host: AccessHost;
/** Ids of all objects, as only the partitions themselves or the root are given them. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  host = await openAccessHost();
  for (const who of ['root', 'a parent that is not root', 'a child and parent']) {
    const answer = await post(host.served.url, {
      token: host.tokens[who],
      query:
        '{ hypervisor { id logicalProcessors { id index } partitions { nodes { id partitionId virtualProcessors { id index } } } } }',
    });
    const { id, logicalProcessors, partitions } = answer.data.hypervisor;
    ids['hypervisor'] = id;
    for (const each of logicalProcessors ?? []) ids[`lp/${each.index}`] = each.id;
    for (const each of partitions.nodes) {
      ids[each.partitionId] = each.id;
      for (const vp of each.virtualProcessors) ids[`${each.partitionId}/${vp.index}`] = vp.id;
    }
  }
});
afterAll(() => host.close());

/** Every way to a partition or its virtual processor 0. Gives 'read', or the code and reason of each error. */
const localWays: Record<string, (ask: Ask, id: string) => Promise<string>> = {
  'partition(id)': async (ask, id) =>
    verdict(
      await ask(`{ partition(id: ${id}) { counters { virtualProcessors } } }`),
      (data) => data?.partition?.counters?.virtualProcessors,
    ),
  'hypervisor.partition(id)': async (ask, id) =>
    verdict(
      await ask(`{ hypervisor { partition(id: ${id}) { counters { virtualProcessors } } } }`),
      (data) => data?.hypervisor?.partition?.counters?.virtualProcessors,
    ),
  'node of the partition': async (ask, id) =>
    verdict(
      await ask(
        'query ($id: ID!) { node(id: $id) { ... on Partition { counters { virtualProcessors } } } }',
        { id: ids[id] },
      ),
      (data) => data?.node?.counters?.virtualProcessors,
    ),
  'nodes of the partition': async (ask, id) =>
    verdict(
      await ask(
        'query ($id: ID!) { nodes(ids: [$id]) { ... on Partition { counters { virtualProcessors } } } }',
        { id: ids[id] },
      ),
      (data) => data?.nodes?.[0]?.counters?.virtualProcessors,
    ),
  'deltas and rates': async (ask, id) =>
    verdict(
      await ask(
        `{ partition(id: ${id}) { deltas(over: "100ms") { gpaSpaceModifications } rates(over: "100ms") { gpaSpaceModifications } } }`,
      ),
      (data) => data?.partition?.deltas,
    ),
  'the page of the partition': async (ask, id) =>
    verdict(await ask(`{ partition(id: ${id}) { page { bytes } } }`), (data) => data?.partition?.page?.bytes),
  'unlisted counters of the partition': async (ask, id) =>
    verdict(
      await ask(`{ partition(id: ${id}) { unlisted { name value } } }`),
      (data) => data?.partition?.unlisted,
    ),
  'unlisted counters of a virtual processor': async (ask, id) =>
    verdict(
      await ask(
        'query ($p: UInt64!) { partition(id: $p) { virtualProcessor(index: 0) { unlisted { name } } } }',
        { p: id },
      ),
      (data) => data?.partition?.virtualProcessor?.unlisted,
    ),
  'a virtual processor': async (ask, id) =>
    verdict(
      await ask(`{ partition(id: ${id}) { virtualProcessor(index: 0) { counters { hypercalls } } } }`),
      (data) => data?.partition?.virtualProcessor?.counters?.hypercalls,
    ),
  'the list of virtual processors': async (ask, id) =>
    verdict(
      await ask(`{ partition(id: ${id}) { virtualProcessors { counters { hypercalls } } } }`),
      (data) => data?.partition?.virtualProcessors?.[0]?.counters?.hypercalls,
    ),
  'an order of its virtual processors': async (ask, id) =>
    verdict(
      await ask(
        `{ partition(id: ${id}) { virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }) { counters { hypercalls } } } }`,
      ),
      (data) => data?.partition?.virtualProcessors?.[0]?.counters?.hypercalls,
    ),
  'the totals of its virtual processors': async (ask, id) =>
    verdict(
      await ask(
        `{ partition(id: ${id}) { virtualProcessorTotals { of readable counters { hypervisorRunTime } } } }`,
      ),
      (data) => data?.partition?.virtualProcessorTotals?.readable,
    ),
  'node of a virtual processor': async (ask, id) =>
    verdict(
      await ask(
        'query ($id: ID!) { node(id: $id) { ... on VirtualProcessor { counters { hypercalls } } } }',
        { id: ids[`${id}/0`] },
      ),
      (data) => data?.node?.counters?.hypercalls,
    ),
  'nodes of a virtual processor': async (ask, id) =>
    verdict(
      await ask('query ($id: ID!) { nodes(ids: [$id]) { ... on VirtualProcessor { partition { name } } } }', {
        id: ids[`${id}/0`],
      }),
      (data) => data?.nodes?.[0]?.partition?.name,
    ),
  'the page of a virtual processor': async (ask, id) =>
    verdict(
      await ask(`{ partition(id: ${id}) { virtualProcessor(index: 0) { page { groups { values } } } } }`),
      (data) => data?.partition?.virtualProcessor?.page?.groups,
    ),
};

/** Every way to what is global. */
const globalWays: Record<string, [query: string, variables?: () => object]> = {
  'the counters of the hypervisor': ['{ hypervisor { counters { totalPages } } }'],
  'the page of the hypervisor': ['{ hypervisor { page { bytes } } }'],
  'unlisted counters of the hypervisor': ['{ hypervisor { unlisted { name } } }'],
  'unlisted counters of a logical processor': [
    '{ hypervisor { logicalProcessor(index: 0) { unlisted { name } } } }',
  ],
  'node of the hypervisor': [
    'query ($id: ID!) { node(id: $id) { ... on Hypervisor { counters { totalPages } } } }',
    () => ({ id: ids['hypervisor'] }),
  ],
  'a logical processor': ['{ hypervisor { logicalProcessor(index: 0) { counters { totalRunTime } } } }'],
  'a logical processor that does not exist': ['{ hypervisor { logicalProcessor(index: 99) { index } } }'],
  'the list of logical processors': ['{ hypervisor { logicalProcessors { index } } }'],
  'an order of logical processors': [
    '{ hypervisor { logicalProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }) { index } } }',
  ],
  'the totals of logical processors': ['{ hypervisor { logicalProcessorTotals { of } } }'],
  'the page of a logical processor': ['{ hypervisor { logicalProcessor(index: 0) { page { bytes } } } }'],
  'node of a logical processor': [
    'query ($id: ID!) { node(id: $id) { ... on LogicalProcessor { index } } }',
    () => ({ id: ids['lp/0'] }),
  ],
  'nodes of a logical processor': [
    'query ($id: ID!) { nodes(ids: [$id]) { id } }',
    () => ({ id: ids['lp/0'] }),
  ],
};

/** 'read' where the value is there without an error; else the codes and reasons, where no value came with them. */
function verdict(answer: any, value: (data: any) => unknown): string {
  const found = value(answer.data) ?? null;
  const errors = (answer.errors ?? []).map(({ extensions }: any) =>
    [extensions.code, extensions.reason].filter(Boolean).join(' '),
  );
  if (errors.length === 0) return found === null ? 'nothing' : 'read';
  return [...new Set(errors), ...(found === null ? [] : ['AND READ'])].join(', ');
}

describe.each(Object.entries(transports))('by %s,', (_transport, transport) => {
  describe.each(Object.entries(callers))('%s', (who, caller) => {
    const ask: Ask = (query, variables) =>
      transport(host.served.url, { token: host.tokens[who], query, ...(variables && { variables }) });

    it.each(Object.keys(localWays))('reads by %s exactly what it may read', async (way) => {
      // 99 does not exist, and has no id to ask by.
      const targets = [...Object.keys(parents), ...(way.startsWith('node') ? [] : ['99'])];
      const verdicts = await Promise.all(targets.map(async (id) => [id, await localWays[way]?.(ask, id)]));
      expect(Object.fromEntries(verdicts)).toEqual(
        Object.fromEntries(targets.map((id) => [id, expectedVerdict(caller, id)])),
      );
    });

    it.each(Object.entries(globalWays))('reads %s only if it is root', async (way, [query, variables]) => {
      const answer = await ask(query, variables?.());
      const reason = caller.partition === '1' ? 'NO_PRIVILEGE' : 'NOT_ROOT';
      const codes = (answer.errors ?? []).map(({ extensions }: any) =>
        `${extensions.code} ${extensions.reason ?? ''}`.trim(),
      );
      if (caller.isGlobal === true) {
        expect(codes).toEqual(way.endsWith('does not exist') ? ['INVALID_PARAMETER'] : []);
      } else {
        expect(codes).toEqual([`ACCESS_DENIED ${reason}`]);
        expect(JSON.stringify(answer.data)).not.toMatch(/\d/);
      }
    });

    it('lists, counts and ranks exactly the partitions that it may read', async () => {
      const answer = await ask(`{ hypervisor {
        partitions { totalCount nodes { partitionId } edges { node { partitionId } } }
        virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }, first: 1000) { partition { partitionId } }
      } viewer { isRoot } }`);
      const { partitions, virtualProcessors } = answer.data.hypervisor;
      expect(partitions.totalCount).toBe(caller.readable.length);
      expect(partitions.nodes.map(({ partitionId }: any) => partitionId)).toEqual(caller.readable);
      expect(partitions.edges.map(({ node }: any) => node.partitionId)).toEqual(caller.readable);
      const ranked = new Set(virtualProcessors.map(({ partition }: any) => partition.partitionId));
      expect(ranked).toEqual(new Set(caller.readable));
      expect(answer.data.viewer.isRoot).toBe(caller.partition === '1');
      expect(answer.errors).toBeUndefined();
    });

    it('filters and orders exactly the partitions that it may read', async () => {
      const everything = Object.keys(parents);
      const orders = [
        'virtualProcessors: { counter: HYPERCALLS, by: VALUE }',
        'virtualProcessors: { counter: TOTAL_RUN_TIME, by: VALUE, direction: ASC }',
        'partition: { counter: GPA_PAGES }',
      ];
      const lists = [
        `(filter: { ids: [${everything.join(', ')}, 99] })`,
        '(filter: { nameContains: "p" })',
        ...orders.map((order) => `(orderBy: { ${order} })`),
        ...orders.map((order) => `(orderBy: { ${order} }, filter: { ids: [${everything.join(', ')}] })`),
      ];
      const fields = lists.map(
        (args, n) => `n${n}: partitions${args} { totalCount nodes { partitionId } pageInfo { hasNextPage } }`,
      );
      const answer = await ask(`{ hypervisor { ${fields.join(' ')} } }`);
      expect(answer.errors).toBeUndefined();
      for (const { totalCount, nodes, pageInfo } of Object.values<any>(answer.data.hypervisor)) {
        expect(totalCount).toBe(caller.readable.length);
        expect(new Set(nodes.map(({ partitionId }: any) => partitionId))).toEqual(new Set(caller.readable));
        expect(pageInfo.hasNextPage).toBe(false);
      }
      // It learns no more of a partition that it may not read than of one that does not exist.
      for (const id of [...everything, '99'].filter((each) => !caller.readable.includes(each))) {
        const { data } = await ask(
          `{ hypervisor { partitions(filter: { ids: ["${id}"] }, orderBy: { ${orders[0]} }) { totalCount nodes { partitionId } } } }`,
        );
        expect(data).toEqual({ hypervisor: { partitions: { totalCount: 0, nodes: [] } } });
      }
    });

    it('gets isReported only for kinds of objects that it may read', async () => {
      const answer = await ask('{ counterDefinitions { access isReported } }');
      expect(answer.errors).toBeUndefined();
      const said = (access: string) =>
        new Set(
          answer.data.counterDefinitions
            .filter((each: any) => each.access === access)
            .map(({ isReported }: any) => isReported !== null),
        );
      expect(said('GLOBAL')).toEqual(new Set([caller.isGlobal === true]));
      expect(said('LOCAL')).toEqual(new Set([caller.readable.length > 0]));
    });

    it('gets its own partition and its parent only if it may read them', async () => {
      const answer = await ask(
        '{ partition { partitionId parent { partitionId } } viewer { partition { partitionId } } }',
      );
      const own = caller.readable.includes(caller.partition);
      expect(answer.data.partition?.partitionId).toBe(own ? caller.partition : undefined);
      expect(answer.data.viewer.partition?.partitionId).toBe(own ? caller.partition : undefined);
      const parent = parents[caller.partition] ?? '';
      expect(answer.data.partition?.parent?.partitionId).toBe(
        own && caller.readable.includes(parent) ? parent : undefined,
      );
    });
  });

  it('no caller reads anything without a token', async () => {
    const answer = await transport(host.served.url, {
      query: '{ viewer { partitionId } service { version } __typename }',
    });
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(answer.data ?? null).toBeNull();
  });
});
