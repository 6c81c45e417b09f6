import { beforeEach, describe, expect, it } from 'vitest';
import { allPrivileges, type Caller } from '../../../src/access/caller.ts';
import { HvqlError } from '../../../src/errors.ts';
import { nodeIdOf } from '../../../src/graph/node-id.ts';
import { hypervisorName } from '../../../src/snapshot/object-name.ts';
import { ask, caller, errorsOf, otherHost, samplerOf, testHost } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.logicalProcessors = [0, 1, 2, 3];
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n, 4)];
});

describe('a list of processors', () => {
  const indexes = async (args: string) => {
    const answer = await ask({
      source,
      query: `{ hypervisor { logicalProcessors${args} { index } } partition(id: 5) { virtualProcessors${args} { index } } }`,
    });
    const lists = [answer.data.hypervisor.logicalProcessors, answer.data.partition.virtualProcessors];
    return {
      lists: lists.map((list) => list?.map((each: any) => each?.index) ?? null),
      errors: errorsOf(answer),
      messages: answer.errors?.map(({ message }) => message),
    };
  };

  it('is in ascending order without duplicates, for indexes in any order', async () => {
    expect((await indexes('')).lists).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect((await indexes('(indexes: [3, 1, 3])')).lists).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect((await indexes('(indexes: [3, 1, 0], first: 2)')).lists).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect((await indexes('(indexes: [])')).lists).toEqual([[], []]);
    expect((await indexes('(first: 9)')).lists).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
  });

  it('is denied even if the list of indexes is empty', async () => {
    const query = '{ hypervisor { logicalProcessors(indexes: []) { index } } }';
    const answer = await ask({ source, caller: caller(5n), query });
    expect(answer.data).toEqual({ hypervisor: { logicalProcessors: null } });
    expect(errorsOf(answer)).toEqual(['hypervisor.logicalProcessors ACCESS_DENIED NOT_ROOT']);
  });

  it('has null and an error for an index that does not exist, and all other items', async () => {
    expect(await indexes('(indexes: [9, 1, -1])')).toMatchObject({
      lists: [
        [undefined, 1, undefined],
        [undefined, 1, undefined],
      ],
      errors: [
        'hypervisor.logicalProcessors.0 INVALID_PARAMETER',
        'hypervisor.logicalProcessors.2 INVALID_PARAMETER',
        'partition.virtualProcessors.0 INVALID_VP_INDEX',
        'partition.virtualProcessors.2 INVALID_VP_INDEX',
      ],
    });
    // In a sorted list such items come last.
    const order = 'orderBy: { counter: TOTAL_RUN_TIME, by: VALUE, direction: ASC }';
    expect((await indexes(`(indexes: [7, 3, 1], ${order})`)).lists).toEqual([
      [1, 3, undefined],
      [1, 3, undefined],
    ]);
    expect((await indexes(`(indexes: [7, 3, 1], ${order}, first: 2)`)).errors).toEqual([]);
    expect((await indexes(`(indexes: [7, 3, 1], ${order}, first: 1)`)).lists).toEqual([[1], [1]]);
    expect(await indexes('(indexes: [1, 7])')).toEqual({
      lists: [
        [1, undefined],
        [1, undefined],
      ],
      errors: [
        'hypervisor.logicalProcessors.1 INVALID_PARAMETER',
        'partition.virtualProcessors.1 INVALID_VP_INDEX',
      ],
      messages: [
        'There is no logical processor 7; there are 4, from 0 to 3.',
        'Partition 5 has no virtual processor 7; there are 4, from 0 to 3.',
      ],
    });
  });

  it('rejects a negative first', async () => {
    expect((await indexes('(first: -1)')).messages?.[0]).toBe('first needs to be 0 or more, but is -1.');
  });
});

describe('a sort order', () => {
  const ranked = async (order: string, first = 10) => {
    const { data, errors } = await ask({
      source,
      query: `{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS ${order} }, first: ${first}) { index partition { partitionId } counters { hypercalls } } } }`,
    });
    const list = data.hypervisor.virtualProcessors?.map(
      (vp: any) => `${vp.partition.partitionId}/${vp.index}`,
    );
    return { list, errors };
  };
  beforeEach(() => {
    const speeds: Record<string, bigint> = {
      '1/0': 7n,
      '1/1': 1n,
      '5/0': 3n,
      '5/1': 9n,
      '5/2': 3n,
      '5/3': 0n,
    };
    const speedOf = (name: any): bigint => speeds[`${name.partitionId}/${name.index}`] ?? 0n;
    source.value = (_counter, name, milliseconds) =>
      1000n * (10n - speedOf(name)) + (speedOf(name) * BigInt(milliseconds)) / 1000n;
  });

  it('is by rate, busiest first, by default', async () => {
    expect(await ranked('', 4)).toEqual({ list: ['5/1', '1/0', '5/0', '5/2'], errors: undefined });
  });

  it('may be by value or delta, and ascending', async () => {
    expect((await ranked('by: VALUE')).list).toEqual(['5/3', '1/1', '5/0', '5/2', '1/0', '5/1']);
    expect((await ranked('by: DELTA, direction: ASC')).list).toEqual([
      '5/3',
      '1/1',
      '5/0',
      '5/2',
      '1/0',
      '5/1',
    ]);
  });

  it('puts objects last that cannot be read, and fails only these', async () => {
    source.broken.set('partition/5/vp/1', new HvqlError('PAGE_UNAVAILABLE', 'gone'));
    const { list, errors } = await ranked('');
    expect(list).toEqual(['1/0', '5/0', '5/2', '1/1', '5/3', '5/1']);
    expect(errors).toMatchObject([{ path: ['hypervisor', 'virtualProcessors', 5, 'counters'] }]);
  });

  it('is by value, largest first, by default for a counter without a rate', async () => {
    source.value = (_counter, { index }: any) => BigInt([7, 9, 3, 8][index] ?? 0);
    const { data, errors } = await ask({
      source,
      query: '{ hypervisor { logicalProcessors(orderBy: { counter: GLOBAL_TIME }) { index } } }',
    });
    expect(errors).toBeUndefined();
    expect(data.hypervisor.logicalProcessors.map(({ index }: any) => index)).toEqual([1, 3, 0, 2]);
  });

  it('is over the requested interval, and a client that polls at that interval does not wait', async () => {
    source.partitions = [partitionEntry(1n, null, 2)];
    // Processor 1 is busy all the time, and processor 0 is busier since the fourth second.
    source.value = (_counter, { index }: any, milliseconds) =>
      BigInt(index === 1 ? milliseconds : 2 * Math.max(0, milliseconds - 4_000));
    const sampler = samplerOf(source);
    const busiest = async (order: string, over: string): Promise<number> => {
      const { data, errors } = await ask({
        source,
        sampler,
        query: `{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS ${order} }, first: 1) { index rates${over} { hypercalls } } } }`,
      });
      expect(errors).toBeUndefined();
      return data.hypervisor.virtualProcessors[0].index as number;
    };
    await busiest('by: VALUE', '(over: "1s")');
    source.milliseconds = 6_000;
    const before = source.batches.length;
    expect(await busiest('over: "5s"', '(over: "5s")')).toBe(1);
    expect([source.batches.length - before, source.milliseconds]).toEqual([1, 6_000]);
    expect(await busiest('', '')).toBe(0);
  });

  it('has the same limits of its interval as rates', async () => {
    const { errors } = await ranked('over: "1ms"');
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/^over needs to be at least /),
        extensions: { code: 'LIMIT_EXCEEDED' },
      },
    ]);
    expect((await ranked('over: "10h"')).errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }]);
  });

  it('cannot be by the rate of a counter without one', async () => {
    const { errors } = await ask({
      source,
      query: '{ hypervisor { logicalProcessors(orderBy: { counter: GLOBAL_TIME, by: RATE }) { index } } }',
    });
    expect(errors).toMatchObject([
      {
        message: 'globalTime is a CLOCK and has no RATE: use VALUE.',
        extensions: { code: 'INVALID_PARAMETER' },
      },
    ]);
  });
});

describe('totals', () => {
  it('leave out objects that cannot be read, and count the others', async () => {
    source.milliseconds = 10;
    source.broken.set('partition/5/vp/1', new HvqlError('PAGE_MALFORMED', 'no page'));
    const { data, errors } = await ask({
      source,
      query:
        '{ partition(id: 5) { virtualProcessorTotals { of readable counters { hypercalls } } } hypervisor { logicalProcessorTotals { of readable rates(over: "2s") { hardwareInterrupts } deltas(over: "2s") { hardwareInterrupts interval { seconds } } } } }',
    });
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      partition: { virtualProcessorTotals: { of: 4, readable: 3, counters: { hypercalls: '18090' } } },
      hypervisor: {
        logicalProcessorTotals: {
          of: 4,
          readable: 4,
          rates: { hardwareInterrupts: 16000 },
          deltas: { hardwareInterrupts: '32000', interval: { seconds: 2 } },
        },
      },
    });
  });

  it('without readable objects are unknown', async () => {
    for (const n of [0, 1, 2, 3])
      source.broken.set(`partition/5/vp/${n}`, new HvqlError('PAGE_UNAVAILABLE', 'gone'));
    const { data } = await ask({
      source,
      query:
        '{ partition(id: 5) { virtualProcessorTotals { of readable counters { hypercalls } rates { hypercalls } } } }',
    });
    expect(data.partition.virtualProcessorTotals).toEqual({
      of: 4,
      readable: 0,
      counters: null,
      rates: null,
    });
  });
});

describe('UInt64', () => {
  const partition = (id: unknown) =>
    ask({ source, query: 'query ($id: UInt64) { partition(id: $id) { partitionId } }', variables: { id } });

  it('accepts strings and whole numbers, as variables and literals', async () => {
    for (const id of ['5', 5, '05'])
      expect((await partition(id)).data.partition).toEqual({ partitionId: '5' });
    for (const id of ['"5"', '5'])
      expect(
        (await ask({ source, query: `{ partition(id: ${id}) { partitionId } }` })).data.partition,
      ).toEqual({ partitionId: '5' });
  });

  it('is exact to the last digit', async () => {
    source.partitions = [...source.partitions, partitionEntry(2n ** 64n - 1n, 1n)];
    expect((await partition('18446744073709551615')).data.partition).toEqual({
      partitionId: '18446744073709551615',
    });
  });

  // prettier-ignore
  it.each([
    [-1, '-1 is not a whole number from 0 to 18446744073709551615.'],
    [1.5, '1.5 is not a whole number that JSON carries exactly: write it as a string.'],
    [2 ** 53, '9007199254740992 is not a whole number that JSON carries exactly: write it as a string.'],
    ['18446744073709551616', '"18446744073709551616" is more than 18446744073709551615, the largest that 64 bits hold.'],
    ['5n', '"5n" is not a whole number from 0 to 18446744073709551615.'],
    ['', '"" is not a whole number from 0 to 18446744073709551615.'],
    [true, 'true is not a whole number from 0 to 18446744073709551615.'],
    [{ a: 1 }, 'An object is not a whole number from 0 to 18446744073709551615.'],
    [['5'], 'A list is not a whole number from 0 to 18446744073709551615.'],
  ])('rejects %j', async (id, message) => {
    expect((await partition(id)).errors?.[0]?.message).toContain(message);
  });

  it('rejects values nested too deeply to print, and values that JavaScript would convert to a text', async () => {
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    for (const [value, shown] of [
      [deep, 'A list'],
      [{ toString: 5 }, 'An object'],
    ]) {
      const message = (await partition(value)).errors?.[0]?.message;
      expect(message).toMatch(new RegExp(`; ${String(shown)} is not a whole number from 0 to \\d+\\.$`));
    }
  });
});

describe('Duration', () => {
  it.each([
    ['1', '"1" is not a length of time'],
    ['-1s', '"-1s" is not a length of time'],
    ['fast', '"fast" is not a length of time'],
    [[['1s']], 'A list is not a length of time'],
  ])('rejects %j', async (over, message) => {
    const answer = await ask({
      source,
      query: 'query ($over: Duration) { partition { rates(over: $over) { interval { seconds } } } }',
      variables: { over },
    });
    expect(answer.errors?.[0]?.message).toContain(message);
  });
  it('rejects a number without a unit', async () => {
    await expect(
      ask({ source, query: '{ partition { rates(over: 1) { interval { seconds } } } }' }),
    ).rejects.toThrow('Expected a literal of kind StringValue; found IntValue.');
  });
});

describe('an id', () => {
  it('identifies its object', async () => {
    const { data } = await ask({
      source,
      query:
        '{ hypervisor { id logicalProcessors { id } partitions { nodes { id virtualProcessors { id } } } } }',
    });
    const list: string[] = [...JSON.stringify(data).matchAll(/"id":"([^"]+)"/g)].map(([, id]) => String(id));
    const { data: found } = await ask({
      source,
      query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }',
      variables: { ids: list },
    });
    expect(found.nodes.map(({ id }: any) => id)).toEqual(list);
    expect(new Set(found.nodes.map((node: any) => node.__typename))).toEqual(
      new Set(['Hypervisor', 'LogicalProcessor', 'Partition', 'VirtualProcessor']),
    );
  });

  it('names the host, so that the same object of another host has another id', async () => {
    const ids = [nodeIdOf(hypervisorName, testHost), nodeIdOf(hypervisorName, otherHost)];
    expect(new Set([...ids, nodeIdOf(hypervisorName, testHost)]).size).toBe(2);
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const answer = await ask({ source, query, variables: { ids } });
    expect(answer.data).toEqual({ nodes: [{ id: ids[0] }, null] });
    expect(answer.errors).toEqual([
      expect.objectContaining({
        path: ['nodes', 1],
        message: `"${ids[1]}" is the id of an object of the host "other-host", but this is the host "test-host".`,
        extensions: { code: 'NOT_FOUND' },
      }),
    ]);
  });

  it.each([
    '',
    'x',
    'aHlwZXJ2aXNvcjp0ZXN0LWhvc3Q6=',
    Buffer.from('partition:partition/5').toString('base64url'),
    Buffer.from('partition:test-host:partition/05').toString('base64url'),
    Buffer.from('partition:test-host:partition/5\n').toString('base64url'),
    Buffer.from('hypervisor:test-host:partition/5').toString('base64url'),
    Buffer.from('virtual-processor:test-host:partition/5').toString('base64url'),
    Buffer.from('partition:test-host:').toString('base64url'),
    Buffer.from('partition:Test-Host:partition/5').toString('base64url'),
  ])('is never %j', async (id) => {
    const answer = await ask({
      source,
      query: 'query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }',
      variables: { id },
    });
    expect(answer.data).toEqual({ node: null, nodes: [null] });
    expect(errorsOf(answer)).toEqual(['node INVALID_PARAMETER', 'nodes.0 INVALID_PARAMETER']);
  });
});

describe('an object', () => {
  it('has the name of its host, also if it is selected by another path', async () => {
    const query = `{
      hypervisor {
        host
        logicalProcessors { host }
        partitions(first: 1) { nodes { host parent { host } virtualProcessors { host partition { host } } } }
        virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME }) { host }
      }
      partition(id: 1) { host }
      viewer { partition { host } }
    }`;
    const { data, errors } = await ask({ source, query });
    expect(errors).toBeUndefined();
    const hosts = [...JSON.stringify(data).matchAll(/"host":"([^"]+)"/g)].map(([, host]) => host);
    expect([hosts.length > 8, new Set(hosts)]).toEqual([true, new Set([testHost])]);
  });
});

describe('the caller whose partition is "root"', () => {
  const query = '{ viewer { partitionId isRoot partition { isRoot } } partition { partitionId } }';
  const root: Caller = { partitionId: 'root', privileges: new Set(allPrivileges) };

  it('is the root partition of this host', async () => {
    const viewer = { partitionId: '1', isRoot: true, partition: { isRoot: true } };
    expect(await ask({ source, caller: root, query })).toEqual({
      data: { viewer, partition: { partitionId: '1' } },
    });
  });

  it('may read nothing if no partition is the root', async () => {
    const rootless = new FakeSource();
    rootless.partitions = [partitionEntry(5n, 3n, 1)];
    const answer = await ask({ source: rootless, caller: root, query });
    expect(answer.data).toEqual({
      viewer: { partitionId: '0', isRoot: false, partition: null },
      partition: null,
    });
    expect(errorsOf(answer)).toEqual([
      'partition ACCESS_DENIED NOT_SELF_OR_PARENT',
      'viewer.partition ACCESS_DENIED NOT_SELF_OR_PARENT',
    ]);
  });
});
