import { parse } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import type { Caller } from '../../src/access/caller.ts';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { planOperation, stepLimit, valuesOfError, valuesOfRank } from '../../src/execution/plan.ts';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { PlanningSnapshotReader } from '../../src/sampling/read/planning-snapshot-reader.ts';
import { ask, caller, samplerOf, testLimits, testHost } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';

const schema = createSchema();
const allOfVirtualProcessor = countersOf('VIRTUAL_PROCESSOR')
  .map(({ field }) => field)
  .join(' ');

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null, 4), partitionEntry(5n, 1n, 3), partitionEntry(9n, 1n, 2)];
});

interface Asked {
  readonly caller?: Caller;
  readonly variables?: Record<string, unknown>;
}

/** The context of an operation of the caller. */
function contextOf(asking: Caller) {
  const sampler = samplerOf(source);
  const service = {
    version: '',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const request = { caller: asking, signal: new AbortController().signal };
  return operationContext({ sampler, service }, request);
}

/** The planned cost of an operation. Planning must read nothing. */
async function plan(query: string, { caller: asking = caller(1n), variables = {} }: Asked = {}) {
  const context = contextOf(asking);
  const reader = new PlanningSnapshotReader(
    context.operation.reader.defaultOver,
    context.operation.reader.history,
  );
  const contextValue = { ...context, operation: context.operation.withReader(reader) };
  const document = parse(query);
  const { values, pages } = await planOperation(
    { schema, document, contextValue, variableValues: variables },
    { reader },
  );
  expect(source.batches).toEqual([]);
  return { values, pages };
}

/** The number of leaves in a response. */
function leavesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, each) => sum + leavesOf(each), 0);
}

describe('a plan', () => {
  it.each([
    ['{ viewer { partitionId isRoot partition { name } } service { version limits { maxDepth } } }', 0],
    ['{ hypervisor { id sampledAt counters { totalPages logicalProcessors } } }', 1],
    ['{ hypervisor { logicalProcessors { index counters { totalRunTime } } } }', 2],
    ['{ hypervisor { logicalProcessors(indexes: [1, 1]) { index counters { totalRunTime } } } }', 1],
    ['{ hypervisor { partitions { totalCount pageInfo { hasNextPage } nodes { name partitionId } } } }', 0],
    ['{ hypervisor { partitions(first: 2) { edges { cursor node { virtualProcessors { index } } } } } }', 0],
    [`{ partition(id: 5) { virtualProcessors { counters { ${allOfVirtualProcessor} } } } }`, 3],
    ['{ partition { virtualProcessors(first: 2) { partition { virtualProcessors { index } } } } }', 0],
    ['{ partition { deltas { interval { seconds } virtualTlbPages: gpaSpaceModifications } } }', 1],
    [
      '{ partition { a: virtualProcessor(index: 0) { ...f } b: virtualProcessor(index: 0) { ...f } } } fragment f on VirtualProcessor { rates { hypercalls } counters { hypercalls } }',
      1,
    ],
    [
      `{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS }, first: 4) { index counters { ${allOfVirtualProcessor} } } } }`,
      9,
    ],
    [
      '{ nodes(ids: ["aHlwZXJ2aXNvcjp0ZXN0LWhvc3Q6", "cGFydGl0aW9uOnRlc3QtaG9zdDpwYXJ0aXRpb24vNQ"]) { id __typename ... on Partition { name counters { virtualProcessors } } ... on Hypervisor { counters { totalPages } } } }',
      2,
    ],
    ['{ counterDefinitions(object: PARTITION) { field title group index } }', 0],
    [
      '{ __schema { types { name fields { name type { name ofType { name } } } } } __type(name: "Query") { name } }',
      0,
    ],
  ])('counts the leaves of the response and the pages that are read for it: %s', async (query, pages) => {
    const planned = await plan(query);
    const { data, errors } = await ask({ source, query });
    expect(errors).toBeUndefined();
    expect(planned).toEqual({ values: leavesOf(data), pages });
  });

  it('respects @skip and @include with variables', async () => {
    const query = `query ($no: Boolean!, $yes: Boolean = true) { partition {
      name @skip(if: $yes)
      ... @include(if: $yes) { partitionId }
      virtualProcessors @include(if: $no) { index }
      ...f @skip(if: $no)
    } } fragment f on Partition { isRoot }`;
    expect(await plan(query, { variables: { no: false } })).toEqual({ values: 2, pages: 0 });
    expect(await plan(query, { variables: { no: true, yes: false } })).toEqual({ values: 1 + 4, pages: 0 });
  });

  it('assumes that a sort order puts the most expensive objects first', async () => {
    const query =
      '{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }, first: 3) { partition { virtualProcessors { ...f } } } } } fragment f on VirtualProcessor { index id a: index b: id }';
    expect(await plan(query)).toEqual({ values: 3 * 4 * 4, pages: 9 });
  });

  it('counts totals once for each reading that they add, and a page as the values that fit in it', async () => {
    expect(
      await plan('{ partition { virtualProcessorTotals { of counters { hypercalls totalRunTime } } } }'),
    ).toEqual({ values: 1 + 4 * 2, pages: 4 });
    expect(await plan('{ partition { page { sampledAt bytes groups { values } } } }')).toEqual({
      values: 1 + 512 + 512,
      pages: 1,
    });
  });

  it('includes only what the caller may read', async () => {
    const query =
      '{ hypervisor { logicalProcessors { index } partitions { nodes { name } } } partition(id: 9) { name } }';
    expect(await plan(query)).toEqual({ values: 2 + 3 + 1, pages: 0 });
    expect(await plan(query, { caller: caller(5n) })).toEqual({
      values: valuesOfError + 1 + valuesOfError,
      pages: 0,
    });
  });

  it('is exact and fast even for responses that are far too large', async () => {
    source.partitions = Array.from({ length: 20 }, (_, n) =>
      partitionEntry(BigInt(n + 1), n === 0 ? null : 1n, 64),
    );
    let below = 'index counters { hypercalls }';
    for (let n = 0; n < 6; n += 1) below = `index partition { virtualProcessors { ${below} } }`;
    const query = `{ hypervisor { partitions { nodes { virtualProcessors { ${below} } } } } }`;
    let values = 2;
    for (let n = 0; n < 6; n += 1) values = 1 + 64 * values;
    const planned = await plan(query);
    expect(planned).toEqual({ values: 20 * 64 * values, pages: 1_280 });
    expect(planned.values).toBeGreaterThan(1e13);
  });

  it('of an operation that cannot run is empty', async () => {
    expect(await plan('query ($id: UInt64!) { partition(id: $id) { name } }')).toEqual({
      values: 0,
      pages: 0,
    });
    expect(await plan('mutation { x }')).toEqual({ values: 0, pages: 0 });
    source.broken.set('*', Object.assign(new Error('gone')) as never);
    expect(await plan('{ partition { name } nodes(ids: ["x", "y"]) { id } }')).toEqual({
      values: 2 * valuesOfError,
      pages: 0,
    });
  });

  it.each([
    ['objects without a field', '{ partition { virtualProcessors { id @skip(if: true) } } }', 4],
    [
      'empty lists',
      '{ partition { virtualProcessors { partition { virtualProcessors(first: 0) { id } } } } }',
      4,
    ],
    ['nulls', '{ partition { virtualProcessors { partition { parent { id } } } } }', 4],
    [
      'errors',
      '{ partition { virtualProcessors { partition { virtualProcessor(index: 99) { id } } } } }',
      4 * valuesOfError,
    ],
    ['ids of objects that do not exist', '{ nodes(ids: ["a", "b", "c"]) { id } }', 3 * valuesOfError],
    [
      'objects that are only ordered',
      '{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }, first: 1) { index } } }',
      9 * valuesOfRank,
    ],
    ['items of a list argument', '{ partition { virtualProcessors(indexes: [1, 1, 1]) { index } } }', 3],
  ])('counts every read object and value, even %s', async (_what, query, values) => {
    expect((await plan(query)).values).toBe(values);
  });

  it('stops when it takes too many steps', async () => {
    const ids = Array.from({ length: 5_000 }, (_, n) =>
      nodeIdOf({ object: 'PARTITION', partitionId: BigInt(n) }, testHost),
    );
    const fields = Array.from({ length: 200 }, (_, n) => `a${n}: nodes(ids: $ids) { id }`);
    const query = `query ($ids: [ID!]!) { ${fields.join(' ')} }`;
    const answer = await ask({ source, query, variables: { ids }, limits: { maxValues: 1e9 } });
    expect(answer).toEqual({
      errors: [
        {
          message:
            'The cost of the operation cannot be computed within 100000 steps: request fewer fields or fewer objects (first, indexes), or use several operations.',
          extensions: { code: 'LIMIT_EXCEEDED', limit: stepLimit, actual: 'more than 100000' },
        },
      ],
    });
  });

  it('stops when it has too many values', async () => {
    const counted = createSchema();
    const nodes = counted.getQueryType()?.getFields()['nodes'];
    const resolve = nodes?.resolve;
    if (nodes === undefined || resolve === undefined) throw new Error('There is no field nodes.');
    let resolved = 0;
    nodes.resolve = (...args) => {
      resolved += 1;
      return resolve(...args);
    };
    const ids = Array.from({ length: 1_000 }, (_, n) =>
      nodeIdOf({ object: 'PARTITION', partitionId: BigInt(n + 100) }, testHost),
    );
    const fields = Array.from({ length: 199 }, (_, n) => `a${n}: nodes(ids: $ids) { id }`);
    const document = parse(`query ($ids: [ID!]!) { ${fields.join(' ')} }`);
    const contextValue = contextOf(caller(1n));
    const answer = await executeOperation({
      schema: counted,
      document,
      contextValue,
      variableValues: { ids },
    });
    const most = testLimits.maxValues;
    expect(JSON.parse(JSON.stringify(answer))).toEqual({
      errors: [
        {
          message: `The response would have more than ${most} values, but at most ${most} are allowed: request fewer fields or fewer objects (first, indexes), or use several operations.`,
          extensions: { code: 'LIMIT_EXCEEDED', limit: most, actual: `more than ${most}` },
        },
      ],
    });
    expect(resolved).toBe(0);
  });

  it('that takes long lets other work run in between, and ends at the deadline of the operation', async () => {
    source.partitions = Array.from({ length: 100 }, (_, n) =>
      partitionEntry(BigInt(n + 1), n === 0 ? null : 1n, 64),
    );
    const aliases = Array.from({ length: 10 }, (_, n) => `a${n}: virtualProcessors { index id }`);
    const document = parse(`{ hypervisor { partitions { nodes { ${aliases.join(' ')} } } } }`);
    const context = contextOf(caller(1n));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      // Its time is over when other work runs for the first time.
      context.deadline.start(0);
    };
    setImmediate(count);
    const answer = await executeOperation({ schema, document, contextValue: context });
    expect(turns).toBe(1);
    expect(answer.errors).toMatchObject([
      { extensions: { code: 'LIMIT_EXCEEDED', actual: 'more than 0ms' } },
    ]);
  });

  it('is fast even if variables are invalid in many places', async () => {
    const variables = {
      order: Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`counter${n}`, 1])),
    };
    const query =
      'query ($order: LogicalProcessorOrder) { hypervisor { logicalProcessors(orderBy: $order) { index } } }';
    const before = process.cpuUsage();
    expect(await plan(query, { variables })).toEqual({ values: 0, pages: 0 });
    // To report all of them would take half a minute of processor time.
    expect(process.cpuUsage(before).user).toBeLessThan(10_000_000);
  });
});

describe('an operation that is too expensive', () => {
  const limits = { maxValues: 10, maxPages: 3 };

  it('is rejected before a page is read, with the limit, the number and a remedy', async () => {
    const query = '{ partition { virtualProcessors { index counters { hypercalls totalRunTime } } } }';
    const answer = await ask({ source, query, limits });
    expect(answer).toEqual({
      errors: [
        {
          message:
            'The response would have 12 values, but at most 10 are allowed: request fewer fields or fewer objects (first, indexes), or use several operations.',
          extensions: { code: 'LIMIT_EXCEEDED', limit: 10, actual: 12 },
        },
      ],
    });
    expect(source.batches).toEqual([]);
  });

  it('runs if it is exactly at the limit', async () => {
    const query =
      '{ partition { virtualProcessors(first: 3) { index counters { hypercalls totalRunTime } } } }';
    expect((await ask({ source, query, limits })).errors).toBeUndefined();
    expect(source.batches).toHaveLength(1);
  });

  it('is rejected for too many pages', async () => {
    const query = '{ partition { virtualProcessors { counters { hypercalls } } } }';
    expect((await ask({ source, query, limits })).errors).toEqual([
      {
        message:
          'The operation would read 4 overlay pages, but at most 3 are allowed: request fewer objects (first, indexes), or use several operations.',
        extensions: { code: 'LIMIT_EXCEEDED', limit: 3, actual: 4 },
      },
    ]);
    expect(source.batches).toEqual([]);
  });

  it.each([
    ['{ nodes(ids: ["a", "b", "c"]) { id } }', 'ids', null],
    [
      '{ hypervisor { logicalProcessors(indexes: [1, 2, 3]) { index } } }',
      'indexes',
      { hypervisor: { logicalProcessors: null } },
    ],
    [
      '{ partition { virtualProcessors(indexes: [1, 1, 1]) { index } } }',
      'indexes',
      { partition: { virtualProcessors: null } },
    ],
  ])('is rejected for a list argument that is too long: %s', async (query, argument, data) => {
    const answer = await ask({ source, query, limits: { maxListItems: 2 } });
    expect(answer.data).toEqual(data);
    expect(answer.errors).toMatchObject([
      {
        message: `${argument} may have at most 2 items, but has 3: use several operations.`,
        extensions: { code: 'LIMIT_EXCEEDED', argument, limit: 2, actual: 3 },
      },
    ]);
  });
});
