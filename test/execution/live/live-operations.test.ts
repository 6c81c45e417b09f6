import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { caller } from '../../ask.ts';
import { partitionEntry, type FakeSource } from '../../fake-source.ts';
import { closeBench, LiveBench, pass, openBench } from '../../live.ts';

let source: FakeSource;
let bench: LiveBench;
beforeEach(() => {
  bench = openBench();
  source = bench.source;
});
afterEach(() => closeBench(bench));

describe('a subscription', () => {
  const problem = async (query: string, who = caller(1n)) => {
    const result = await bench.subscribe({ query, caller: who });
    return 'errors' in result ? (JSON.parse(JSON.stringify(result.errors)) as any[])[0] : null;
  };

  it.each([
    ['every: "99ms"', 'every needs to be at least 100ms, but is 99ms.'],
    ['every: "61m"', 'every needs to be at most 1h, but is 61m.'],
    ['heartbeat: "1ms"', 'heartbeat needs to be at least 100ms, but is 1ms.'],
  ])('is rejected with %s', async (args, message) => {
    expect(await problem(`subscription { hypervisor(${args}) { id } }`)).toMatchObject({
      message,
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  });

  it('is rejected above the maximum number of open subscriptions, of one caller and of all callers', async () => {
    bench = new LiveBench(source, { maxStreams: 3, maxStreamsPerCaller: 2 });
    const query = 'subscription { hypervisor { id } }';
    const streams = [await bench.open(query), await bench.open(query)];
    expect(await problem(query)).toMatchObject({
      extensions: { code: 'LIMIT_EXCEEDED', limit: 2 },
      message: 'At most 2 subscriptions of one caller may be open: end one before you start another.',
    });
    await bench.open(query, { caller: caller(5n) });
    expect(await problem(query, caller(9n))).toMatchObject({
      extensions: { code: 'LIMIT_EXCEEDED', limit: 3 },
    });
    await streams[0]?.stream.return();
    expect(await problem(query)).toBeNull();
  });

  it('is rejected above this maximum even if many are opened at the same time', async () => {
    bench = new LiveBench(source, { maxStreams: 30, maxStreamsPerCaller: 20 });
    const query = 'subscription { hypervisor { id } }';
    const opened = await Promise.all(Array.from({ length: 50 }, () => bench.subscribe({ query })));
    expect(opened.filter((stream) => 'next' in stream)).toHaveLength(20);
    expect(bench.live.size).toBe(20);
  });

  it('ends without a read when the topology grows so that an event would read too many pages', async () => {
    bench = new LiveBench(source, { maxPages: 3 });
    const query =
      'subscription { hypervisor(every: "1s") { partitions { nodes { counters { virtualProcessors } } } } }';
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The source is away.'));
    const early = await bench.open(query);
    expect((await early.next())?.errors).toMatchObject([{ extensions: { code: 'PAGE_UNAVAILABLE' } }]);
    source.broken.clear();
    source.partitions = [1n, 2n, 3n, 4n].map((id) => partitionEntry(id, id === 1n ? null : 1n));
    await pass(bench, 1_000);
    expect((await early.next())?.errors).toMatchObject([
      {
        extensions: { code: 'LIMIT_EXCEEDED', limit: 3, actual: 4 },
        message:
          'The operation would read 4 overlay pages, but at most 3 are allowed: request fewer objects (first, indexes), or use several operations.',
      },
    ]);
    expect(await early.next()).toBeNull();
    expect(source.batches.flat()).toEqual([]);
    expect(bench.live.size).toBe(0);
  });

  it('is rejected if its texts exceed the limit, of one caller and of all callers', async () => {
    const query = 'subscription S($id: UInt64) { partition(id: $id) { id } }';
    const more = query.replace('{ id }', '{ name }');
    const size = query.length;
    // {"id":"5"}
    const variables = 10;
    bench = new LiveBench(source, {
      maxStreamTextPerCaller: size + 2 * variables,
      maxStreamText: 2 * size + 25,
    });
    const first = await bench.open(query, { variables: { id: '5' } });
    // Equal documents count once, and another stream of the same operation adds nothing.
    await bench.open(query, { variables: { id: '9' } });
    await bench.open(query, { variables: { id: '9' } });
    expect(await problem(query)).toMatchObject({
      message: `The documents and variables of the subscriptions of one caller would have ${size + 22} characters, but at most ${size + 20} are allowed: use one document with variables for subscriptions that differ in values only, or end some.`,
      extensions: { code: 'LIMIT_EXCEEDED', limit: size + 20, actual: size + 22 },
    });
    await first.stream.return();
    expect(await problem(query)).toBeNull();
    await bench.open(query, { variables: { id: '5' }, caller: caller(5n) });
    expect(await problem(more, caller(9n))).toMatchObject({
      extensions: { limit: 2 * size + 25, actual: 2 * size + 26 },
    });
  });

  it('is rejected if an event would have too many values', async () => {
    bench = new LiveBench(source, { maxStreamValues: 18 });
    const query = (fields: string) =>
      `subscription { hypervisor { partitions { nodes { virtualProcessors { ...f } virtualProcessorTotals { counters { __typename } } } } } } fragment f on VirtualProcessor { counters { ${fields} } }`;
    expect(await problem(query('hypercalls totalRunTime'))).toBeNull();
    expect(
      await problem(query('hypercalls totalRunTime ... on VirtualProcessorCounters { again: hypercalls }')),
    ).toMatchObject({
      extensions: { code: 'LIMIT_EXCEEDED', limit: 18, actual: 24 },
      message:
        'The response would have 24 values, but at most 18 are allowed: request fewer fields or fewer objects (first, indexes), or use several operations.',
    });
  });

  it('ends when an event would have too many values', async () => {
    bench = new LiveBench(source, { maxStreamValues: 3 });
    const stream = await bench.open('subscription { hypervisor { partitions { nodes { partitionId } } } }');
    expect((await stream.next())?.data.hypervisor.partitions.nodes).toHaveLength(3);
    source.partitions = [...source.partitions, partitionEntry(10n, 1n)];
    const event = stream.next();
    await pass(bench, 1000);
    expect(await event).toMatchObject({ errors: [{ extensions: { limit: 3, actual: 4 } }] });
    expect(await stream.next()).toBeNull();
    expect(bench.live.size).toBe(0);
  });
});
