/** The connection of partitions with a filter or a sort order. */
import { beforeEach, describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import { ask, caller, errorsOf, type Question } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  // The root is 1; 5 and 9 are its children, 13 is a child of 9.
  source.partitions = [
    { ...partitionEntry(1n, null, 1), name: 'root' },
    { ...partitionEntry(5n, 1n, 4), name: 'web-1' },
    { ...partitionEntry(9n, 1n, 1), name: 'Web-2' },
    { ...partitionEntry(12n, 1n, 2), name: null },
    { ...partitionEntry(13n, 9n, 2), name: 'web-nested' },
  ];
});

async function list(args: string, more: Partial<Question> = {}) {
  const query = `{ hypervisor { sampledAt partitions${args} { totalCount nodes { partitionId } pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } } }`;
  const answer = await ask({ source, query, ...more });
  const partitions = answer.data?.hypervisor?.partitions;
  return {
    ids: partitions?.nodes.map(({ partitionId }: any) => Number(partitionId)) ?? null,
    total: partitions?.totalCount,
    info: partitions?.pageInfo,
    errors: errorsOf(answer),
    answer,
  };
}

const placeOf = (name: ObjectName): string =>
  'index' in name && 'partitionId' in name
    ? `${name.partitionId}/${name.index}`
    : `${'partitionId' in name ? name.partitionId : ''}`;

describe('a filter of partitions', () => {
  it.each([
    ['ids: ["9", 1, 1, "77"]', [1, 9]],
    ['ids: []', []],
    ['nameContains: "web"', [5]],
    ['nameContains: "-"', [5, 9]],
    ['nameContains: ""', [1, 5, 9, 12]],
    ['isRoot: true', [1]],
    ['isRoot: false', [5, 9, 12]],
    ['isRoot: false, nameContains: "o"', []],
    ['ids: ["5", "9"], nameContains: "2", isRoot: false', [9]],
    ['ids: null, nameContains: null, isRoot: null', [1, 5, 9, 12]],
    ['', [1, 5, 9, 12]],
  ])('{ %s } selects %j', async (filter, expected) => {
    const { ids, total, errors } = await list(`(filter: { ${filter} })`);
    expect(errors).toEqual([]);
    expect([ids, total]).toEqual([expected, expected.length]);
  });

  it('can be combined with paging: the count includes all matching partitions', async () => {
    const first = await list('(filter: { isRoot: false }, first: 2)');
    expect(first).toMatchObject({ ids: [5, 9], total: 3, info: { hasNextPage: true } });
    const second = await list(`(filter: { isRoot: false }, first: 2, after: "${first.info.endCursor}")`);
    expect(second).toMatchObject({
      ids: [12],
      total: 3,
      info: { hasPreviousPage: true, hasNextPage: false },
    });
  });

  it('reveals nothing about partitions that the caller may not read, with any condition', async () => {
    for (const filter of [
      'ids: ["5", "9", "13", "77"]',
      'nameContains: "e"',
      'isRoot: false',
      'isRoot: true',
    ]) {
      const { ids, total, errors, answer } = await list(`(filter: { ${filter} })`, { caller: caller(9n) });
      expect(errors).toEqual([]);
      const expected = filter === 'isRoot: true' ? [] : [9, 13];
      expect([ids, total]).toEqual([expected, expected.length]);
      expect(JSON.stringify(answer)).not.toMatch(/web-1|root"/);
    }
  });

  it('accepts as many ids as a list argument may have, and its cost includes them', async () => {
    const ids = (count: number): string => Array.from({ length: count }, (_, n) => `"${n}"`).join();
    expect((await list(`(filter: { ids: [${ids(1_001)}] })`)).errors).toEqual([
      'hypervisor.partitions LIMIT_EXCEEDED',
    ]);
    const limits = { maxValues: 150 };
    expect((await list(`(filter: { ids: [${ids(100)}] })`, { limits })).errors).toEqual([]);
    expect((await list(`(filter: { ids: [${ids(151)}] })`, { limits })).errors).toEqual(['LIMIT_EXCEEDED']);
  });
});

describe('a sort order of partitions', () => {
  const busy: Record<string, number> = {
    '1/0': 60,
    '5/0': 30,
    '5/1': 30,
    '5/2': 30,
    '5/3': 30,
    '9/0': 90,
    '12/0': 10,
    '12/1': 20,
  };
  beforeEach(() => {
    // Percentages of a processor, in units of 100 ns; the totals so far have the opposite order.
    source.value = ({ field }, name, milliseconds) => {
      const share = busy[placeOf(name)] ?? 0;
      if (field === 'hypercalls') return BigInt((share * milliseconds) / 10);
      if (field === 'hypercallsCost') return BigInt(((100 - share) * share * milliseconds) / 10);
      return BigInt((100 - share) * 1_000_000 + share * 100 * milliseconds);
    };
  });
  const byProcessors = (order: string): string => `(orderBy: { virtualProcessors: { ${order} } })`;

  it("is by the sum of the processors' percentages: 4 busy processors come before 1", async () => {
    const { ids, errors, total } = await list(byProcessors('counter: TOTAL_RUN_TIME'));
    expect(errors).toEqual([]);
    // 120, 90, 60 and 30 percent of one processor; the means would be 30, 90, 60 and 15.
    expect([ids, total]).toEqual([[5, 9, 1, 12], 4]);
  });

  it.each([
    ['counter: TOTAL_RUN_TIME, direction: ASC', [12, 1, 9, 5]],
    ['counter: TOTAL_RUN_TIME, by: DELTA', [5, 9, 1, 12]],
    ['counter: TOTAL_RUN_TIME, by: VALUE', [5, 12, 1, 9]],
    ['counter: HYPERCALLS, by: RATE', [5, 9, 1, 12]],
    // Nanoseconds per operation, over all operations together.
    ['counter: HYPERCALLS_COST, by: RATE', [12, 5, 1, 9]],
  ])('is by the totals: %s', async (order, expected) => {
    expect(await list(byProcessors(order))).toMatchObject({ ids: expected, errors: [] });
    // The same order as by the totals.
    const { data } = await ask({
      source,
      query:
        '{ hypervisor { partitions { nodes { partitionId virtualProcessorTotals { counters { totalRunTime } rates { hypercalls hypercallsCost } } } } } }',
    });
    const rank = ({ virtualProcessorTotals: { counters, rates } }: any): number =>
      order.includes('VALUE')
        ? Number(counters.totalRunTime)
        : order.includes('COST')
          ? rates.hypercallsCost
          : rates.hypercalls;
    const nodes = data.hypervisor.partitions.nodes.toSorted((a: any, b: any) => rank(b) - rank(a));
    const ids = nodes.map(({ partitionId }: any) => Number(partitionId));
    expect(order.includes('ASC') ? ids.toReversed() : ids).toEqual(expected);
  });

  it('is by a counter of the partition, and by its value if it has no rate', async () => {
    source.value = ({ field }, name, milliseconds) => {
      const id = 'partitionId' in name ? Number(name.partitionId) : 0;
      return BigInt(
        field === 'gpaSpaceModifications' ? 1_000 * id + ((id * milliseconds) % 7_000) : (id * 7) % 11,
      );
    };
    const byOwn = (order: string) => list(`(orderBy: { partition: { ${order} } })`);
    // 7, 35 mod 11 = 2, 63 mod 11 = 8, 84 mod 11 = 7
    expect(await byOwn('counter: DEPOSITED_PAGES')).toMatchObject({ ids: [9, 1, 12, 5], errors: [] });
    expect(await byOwn('counter: DEPOSITED_PAGES, by: VALUE, direction: ASC')).toMatchObject({
      ids: [5, 1, 12, 9],
    });
    expect((await byOwn('counter: GPA_SPACE_MODIFICATIONS')).errors).toEqual([]);
    const { answer } = await byOwn('counter: DEPOSITED_PAGES, by: RATE');
    expect(answer.errors).toMatchObject([
      {
        message: 'depositedPages is a GAUGE and has no RATE: use VALUE.',
        path: ['hypervisor', 'partitions'],
        extensions: { code: 'INVALID_PARAMETER', argument: 'orderBy' },
      },
    ]);
  });

  it('puts unknown numbers last, without an error, and equal numbers by id', async () => {
    source.broken.set('partition/9/vp/0', new HvqlError('PAGE_UNAVAILABLE', 'gone'));
    source.partitions = source.partitions.map((entry) =>
      entry.id === 5n
        ? { ...entry, virtualProcessors: [], listError: new HvqlError('PAGE_UNAVAILABLE', 'no list') }
        : entry,
    );
    for (const direction of ['ASC', 'DESC']) {
      const { ids, errors } = await list(byProcessors(`counter: TOTAL_RUN_TIME, direction: ${direction}`));
      expect(errors).toEqual([]);
      expect(ids.slice(2)).toEqual([5, 9]);
    }
    source.value = () => 7n;
    expect((await list(byProcessors('counter: TOTAL_RUN_TIME, by: DELTA'))).ids).toEqual([1, 12, 5, 9]);
  });

  it('is by the exact sum, even beyond 64 bits', async () => {
    const most = 2n ** 64n - 1n;
    source.value = (_counter, name) => (placeOf(name).startsWith('5/') ? most - 2n : most);
    const order = 'counter: TOTAL_RUN_TIME, by: VALUE';
    expect(await list(byProcessors(order))).toMatchObject({ ids: [5, 12, 1, 9], errors: [] });
  });

  it('allows first only: there are no cursors', async () => {
    const two = await list('(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, first: 2)');
    expect(two).toMatchObject({
      ids: [5, 9],
      total: 4,
      info: { hasPreviousPage: false, hasNextPage: true, startCursor: null, endCursor: null },
    });
    const all = await list('(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, first: 4)');
    expect(all.info).toMatchObject({ hasNextPage: false, endCursor: null });
    const tooMany = await list('(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, first: 101)');
    // No argument requests the rest.
    expect(tooMany.answer.errors?.[0]?.message).toBe('first needs to be at most 100, but is 101.');
    for (const argument of ['last: 1', 'after: "x"', 'before: "x"']) {
      const { ids, errors, answer } = await list(
        `(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, ${argument})`,
      );
      expect([ids, errors]).toEqual([null, ['hypervisor.partitions INVALID_PARAMETER']]);
      expect(answer.errors?.[0]).toMatchObject({
        message: expect.stringMatching(/^\w+ cannot be combined with orderBy, /),
        extensions: { argument: argument.split(':')[0] },
      });
    }
    const nulls = '(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, last: null, after: null)';
    expect((await list(nulls)).errors).toEqual([]);
  });

  it('works with a filter, and has its count', async () => {
    const args =
      '(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, filter: { isRoot: false }, first: 2)';
    expect(await list(args)).toMatchObject({ ids: [5, 9], total: 3, info: { hasNextPage: true } });
  });

  it('needs exactly one criterion', async () => {
    const both =
      '(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME }, partition: { counter: GPA_PAGES } })';
    await expect(list(both)).rejects.toThrow('must specify exactly one key');
    await expect(list('(orderBy: { partition: null })')).rejects.toThrow('must be non-null');
  });

  it('sorts, counts and reads only partitions that the caller may read', async () => {
    const args = '(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, first: 1)';
    const { ids, total, info, errors } = await list(args, { caller: caller(5n) });
    expect(errors).toEqual([]);
    expect([ids, total, info.hasNextPage]).toEqual([[5], 1, false]);
    const read = new Set(source.batches.flat().filter((key) => !key.startsWith('partition/5')));
    expect(read).toEqual(new Set());
    const unrelated = await list(args, { caller: caller(77n) });
    expect([unrelated.ids, unrelated.total, unrelated.errors]).toEqual([[], 0, []]);
  });

  it('has the cost of the objects that it reads and sorts', async () => {
    const order = '(orderBy: { virtualProcessors: { counter: TOTAL_RUN_TIME } }, first: 1)';
    // Eight processors are ranked by their readings.
    const refused = await list(order, { limits: { maxPages: 7 } });
    expect(refused.answer.errors?.[0]?.message).toMatch(
      /^The operation would read 8 overlay pages, but at most 7 are allowed/,
    );
    expect((await list(order, { limits: { maxPages: 8 } })).errors).toEqual([]);
    expect((await list('(first: 1)', { limits: { maxPages: 1 } })).errors).toEqual([]);
    // 5 values for each ranked object, and only the values in the response.
    expect((await list(order, { limits: { maxValues: 39 } })).errors).toEqual(['LIMIT_EXCEEDED']);
    const limits = { maxValues: 42 };
    expect((await list(order, { limits })).errors).toEqual([]);
  });

  it('has the cost of a response with the first items, not with all', async () => {
    source.partitions = Array.from({ length: 101 }, (_, n) =>
      partitionEntry(BigInt(n + 1), n === 0 ? null : 1n, 0),
    );
    const order = '(orderBy: { partition: { counter: DEPOSITED_PAGES } }, first: 2)';
    const query = `{ hypervisor { partitions${order} { nodes { counters { depositedPages gpaPages virtualTlbPages addressSpaces } partitionId name isRoot } } } }`;
    const answer = await ask({ source, query, limits: { maxValues: 510 } });
    expect(answer.errors).toBeUndefined();
  });
});

describe('an invalid argument of the connection of partitions', () => {
  it.each(['first: -1', 'last: -1', 'first: 101', 'after: "nothing"', 'before: ""'])(
    'costs only itself: %s',
    async (args) => {
      const { answer } = await list(`(${args})`);
      expect(answer.data).toEqual({ hypervisor: { sampledAt: expect.any(String), partitions: null } });
      expect(answer.errors).toMatchObject([{ path: ['hypervisor', 'partitions'] }]);
    },
  );
});
