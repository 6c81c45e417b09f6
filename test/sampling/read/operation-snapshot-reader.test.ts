import { beforeEach, describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { ask, errorsOf, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(9n, 1n)];
});

describe('a response', () => {
  it('reads one page for one counter of one virtual processor', async () => {
    await ask({
      source,
      query: '{ partition(id: 5) { virtualProcessor(index: 1) { counters { hypercalls } } } }',
    });
    expect(source.batches).toEqual([['partition/5/vp/1']]);
  });

  it('is read in one batch, each page once, at any depth and with any number of repetitions', async () => {
    const { data } = await ask({
      source,
      query: `{
        hypervisor {
          sampledAt counters { totalPages } page { bytes }
          logicalProcessors { sampledAt counters { totalRunTime } page { sampledAt } }
          partitions { nodes { sampledAt counters { gpaPages } parent { counters { gpaPages } }
            virtualProcessors { counters { hypercalls } partition { counters { gpaPages } } }
            virtualProcessorTotals { readable counters { hypercalls } } } }
        }
        again: partition(id: 5) { sampledAt counters { gpaPages } }
        nodes(ids: []) { id }
        viewer { partition { counters { gpaPages } } }
      }`,
    });
    expect(source.batches).toHaveLength(1);
    const keys = source.batches[0] ?? [];
    expect(new Set(keys).size).toBe(keys.length);
    expect([...keys].sort()).toEqual([
      '',
      'lp/0',
      'lp/1',
      ...['1', '5', '9'].flatMap((id) => [`partition/${id}`, `partition/${id}/vp/0`, `partition/${id}/vp/1`]),
    ]);
    expect(source.topologies).toBe(1);
    expect(data.again.sampledAt).toBe(data.hypervisor.sampledAt);
  });

  it('reads no pages for fields of the topology, and no topology if no field needs it', async () => {
    await ask({ source, query: '{ hypervisor { partitions { totalCount nodes { name isRoot } } } }' });
    expect(source.batches).toEqual([]);
    await ask({ source, query: '{ service { version } counterDefinitions { field } }' });
    expect(source.topologies).toBe(1);
  });

  it('gets its time without reading a page', async () => {
    source.milliseconds = 5;
    const { data } = await ask({ source, query: '{ hypervisor { sampledAt } }' });
    expect(source.batches).toEqual([[]]);
    expect(data).toEqual({ hypervisor: { sampledAt: '2023-11-14T22:13:20.005Z' } });
  });

  it('has the same time below an ordered list', async () => {
    const { data } = await ask({
      source,
      query: `{ hypervisor {
        sampledAt
        virtualProcessors(orderBy: { counter: HYPERCALLS }, first: 2) {
          sampledAt counters { hypercalls } partition { sampledAt counters { gpaPages } parent { counters { gpaPages } } }
        }
        logicalProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }) { counters { totalRunTime } }
      } }`,
    });
    // Two complete snapshots, a second apart, for the change.
    expect(source.batches).toHaveLength(2);
    expect(source.batches[0]).toEqual(source.batches[1]);
    expect(source.milliseconds).toBe(1000);
    const [first] = data.hypervisor.virtualProcessors;
    expect([first.sampledAt, first.partition.sampledAt]).toEqual([
      data.hypervisor.sampledAt,
      data.hypervisor.sampledAt,
    ]);
    // The value is that of the later snapshot, at 1000 ms.
    expect(first.counters.hypercalls).toBe('3000');
  });
});

describe('a change in a query', () => {
  const rates =
    '{ partition(id: 5) { virtualProcessor(index: 0) { rates { interval { seconds } hypercalls } deltas { interval { seconds } hypercalls } } } }';

  it('waits for a second reading, by default one second, and deltas and rates come from the same two', async () => {
    const { data } = await ask({ source, query: rates });
    expect(data.partition.virtualProcessor).toEqual({
      rates: { interval: { seconds: 1 }, hypercalls: 3000 },
      deltas: { interval: { seconds: 1 }, hypercalls: '3000' },
    });
    expect(source.batches).toHaveLength(2);
  });

  it('uses no stored reading that is too old after the wait for another change', async () => {
    const sampler = samplerOf(source);
    await ask({ source, sampler, query: '{ partition(id: 5) { counters { gpaPages } } }' });
    await source.wait(1_000);
    await ask({ source, sampler, query: '{ partition(id: 5) { counters { gpaPages } } }' });
    await source.wait(100);
    const query = `{
      short: partition(id: 5) { deltas(over: "1s") { interval { seconds } } }
      long: partition(id: 9) { deltas(over: "1m") { interval { seconds } } }
    }`;
    const { data } = await ask({ source, sampler, query });
    expect(data).toEqual({
      short: { deltas: { interval: { seconds: 1 } } },
      long: { deltas: { interval: { seconds: 60 } } },
    });
  });

  it('uses the stored reading that has the right age after the wait for another change', async () => {
    const sampler = samplerOf(source);
    const held = '{ partition(id: 5) { counters { gpaPages } } }';
    for (let n = 0; n < 5; n += 1) {
      await ask({ source, sampler, query: held });
      await source.wait(1_000);
    }
    const query = `{
      held: partition(id: 5) { deltas(over: "4s") { interval { seconds } } }
      waiting: partition(id: 9) { deltas(over: "3s") { interval { seconds } } }
    }`;
    const { data } = await ask({ source, sampler, query });
    expect(source.milliseconds).toBe(8_000);
    expect(data.held.deltas.interval.seconds).toBe(4);
    expect(data.waiting.deltas.interval.seconds).toBe(3);
  });

  it.each([
    [899, 1],
    [900, 0.9],
    [2_000, 2],
    [2_001, 1],
    [32_000, 1],
  ])('over a second, with a reading that is %i ms old, has an interval of %d s', async (age, seconds) => {
    const sampler = samplerOf(source);
    await ask({
      source,
      sampler,
      query: '{ partition(id: 5) { virtualProcessor(index: 0) { counters { hypercalls } } } }',
    });
    await source.wait(age);
    const { data } = await ask({ source, sampler, query: rates });
    expect(data.partition.virtualProcessor.rates.interval.seconds).toBe(seconds);
    expect(source.milliseconds).toBe(seconds === age / 1_000 ? age : age + 1_000);
  });

  it('never waits for a client that requests changes over its polling interval', async () => {
    const sampler = samplerOf(source);
    const query = '{ partition(id: 5) { rates(over: "1m") { interval { seconds } } } }';
    await ask({ source, sampler, query: '{ partition(id: 5) { counters { gpaPages } } }' });
    for (const late of [0, 40, -30, 250, -100]) {
      const before = source.milliseconds;
      await source.wait(60_000 + late);
      const { data } = await ask({ source, sampler, query });
      expect(data.partition.rates.interval.seconds).toBe((60_000 + late) / 1_000);
      expect(source.milliseconds).toBe(before + 60_000 + late);
    }
  });

  it('does not wait if a sufficiently old reading is stored', async () => {
    const sampler = samplerOf(source);
    const held = '{ partition(id: 5) { virtualProcessor(index: 0) { counters { hypercalls } } } }';
    await ask({ source, sampler, query: held });
    await source.wait(1900);
    const { data } = await ask({ source, sampler, query: rates });
    expect(data.partition.virtualProcessor.rates).toEqual({ interval: { seconds: 1.9 }, hypercalls: 3000 });
    expect(source.batches).toHaveLength(2);
    expect(source.milliseconds).toBe(1900);
  });

  it('waits if the stored reading is too recent', async () => {
    const sampler = samplerOf(source);
    await ask({
      source,
      sampler,
      query: '{ partition(id: 5) { virtualProcessor(index: 0) { counters { hypercalls } } } }',
    });
    await source.wait(899);
    const { data } = await ask({ source, sampler, query: rates });
    expect(data.partition.virtualProcessor.rates.interval.seconds).toBe(1);
  });

  it('waits once for the whole operation, and each interval has the requested length', async () => {
    const { data } = await ask({
      source,
      query: `{ hypervisor { sampledAt logicalProcessors {
        short: rates(over: "200ms") { interval { seconds } }
        long: rates(over: "2s") { interval { seconds to } }
        counters { globalTime }
      } } }`,
    });
    expect(source.milliseconds).toBe(2000);
    for (const { short, long, counters } of data.hypervisor.logicalProcessors) {
      expect([short.interval.seconds, long.interval.seconds, long.interval.to, counters.globalTime]).toEqual([
        0.2,
        2,
        data.hypervisor.sampledAt,
        '2000',
      ]);
    }
  });

  it('fails only for an object that cannot be read, without waiting for it', async () => {
    source.broken.set('lp/1', new HvqlError('PAGE_UNAVAILABLE', 'lp/1/stats.page is gone'));
    const answer = await ask({
      source,
      query:
        '{ hypervisor { logicalProcessor(index: 1) { rates { totalRunTime } counters { totalRunTime } index } } }',
    });
    expect(source.milliseconds).toBe(0);
    expect(answer.data.hypervisor.logicalProcessor).toEqual({ rates: null, counters: null, index: 1 });
    expect(errorsOf(answer)).toEqual([
      'hypervisor.logicalProcessor.counters PAGE_UNAVAILABLE',
      'hypervisor.logicalProcessor.rates PAGE_UNAVAILABLE',
    ]);
  });

  it('is unknown over a reset, which its interval shows', async () => {
    source.value = ({ slot }, _name, milliseconds) => (milliseconds > 0 && slot === 3 ? 0n : 7n);
    const { data } = await ask({
      source,
      query:
        '{ partition(id: 5) { virtualProcessor(index: 0) { deltas { interval { reset } hypercalls } } } }',
    });
    expect(data.partition.virtualProcessor.deltas).toEqual({ interval: { reset: true }, hypercalls: null });
  });

  it('is refused if its interval is outside the bounds', async () => {
    const over = (text: string) =>
      ask({ source, query: `{ partition(id: 5) { rates(over: "${text}") { interval { seconds } } } }` });
    expect((await over('99ms')).errors?.[0]).toMatchObject({
      message: 'over needs to be at least 100ms, but is 99ms.',
      extensions: { code: 'LIMIT_EXCEEDED', limit: '100ms', actual: '99ms' },
    });
    expect((await over('61s')).errors?.[0]?.message).toBe('over needs to be at most 1m, but is 61s.');
  });
});

describe('the facts about stored readings', () => {
  it('are their number, their time span and their memory', async () => {
    const sampler = samplerOf(source);
    const query = '{ service { history { readings span bytes maxBytes maxSpan } } }';
    const historyNow = async () => (await ask({ source, sampler, query })).data.service.history;
    const bounds = { maxBytes: '268435456', maxSpan: '5m' };
    expect(await historyNow()).toEqual({ readings: '0', span: null, bytes: '0', ...bounds });
    await ask({
      source,
      sampler,
      query: '{ hypervisor { logicalProcessors { counters { totalRunTime } } } }',
    });
    await source.wait(1_500);
    await ask({ source, sampler, query: '{ partition(id: 5) { counters { gpaPages } } }' });
    const { bytes, ...others } = await historyNow();
    expect(others).toEqual({ readings: '3', span: '1500ms', ...bounds });
    expect(Number(bytes)).toBeGreaterThan(3 * 4_096);
    expect(Number(bytes)).toBeLessThan(3 * 5_000);
  });
});

describe('a source that fails completely', () => {
  it('makes only the fields fail that need it', async () => {
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The folder is gone.'));
    const answer = await ask({
      source,
      query:
        '{ partition(id: 1) { name } counterDefinitions(object: HYPERVISOR) { field } service { source { kind isAnswering } } }',
    });
    expect(answer.data).toMatchObject({ partition: null, service: { source: { kind: 'fake' } } });
    expect(answer.data.counterDefinitions).toHaveLength(countersOf('HYPERVISOR').length);
    expect(errorsOf(answer)).toEqual(['partition PAGE_UNAVAILABLE']);
  });
});

describe('an operation that does not wait for new objects', () => {
  const query =
    '{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS }) { partition { partitionId } rates { hypercalls } } } }';
  const ratesOf = (answer: Awaited<ReturnType<typeof ask>>): string[] =>
    answer.data.hypervisor.virtualProcessors.map(
      ({ partition, rates }: { partition: { partitionId: string }; rates: { hypercalls: number } | null }) =>
        `${partition.partitionId} ${rates?.hypercalls == null ? 'unknown' : 'known'}`,
    );

  it('includes objects with stored readings, and has no change of one that has just appeared', async () => {
    const sampler = samplerOf(source);
    await ask({ source, sampler, query, waitsForNew: false });
    expect(source.batches).toHaveLength(2);
    source.milliseconds += 1_000;
    source.partitions = [...source.partitions, partitionEntry(12n, 1n)];
    const answer = await ask({ source, sampler, query, waitsForNew: false });
    expect(source.batches).toHaveLength(3);
    expect(ratesOf(answer)).toEqual([
      ...['1', '1', '5', '5', '9', '9'].map((id) => `${id} known`),
      ...['12', '12'].map((id) => `${id} unknown`),
    ]);
    const { data } = await ask({ source, sampler, query });
    expect(source.batches).toHaveLength(5);
    expect(data.hypervisor.virtualProcessors).toHaveLength(8);
    expect(ratesOf({ data })).not.toContain('12 unknown');
  });

  it('waits for all objects if one was not read before, although it existed', async () => {
    const sampler = samplerOf(source);
    await ask({
      source,
      sampler,
      query: '{ partition(id: 5) { virtualProcessors { rates { hypercalls } } } }',
    });
    source.milliseconds += 1_000;
    source.partitions = [...source.partitions, partitionEntry(12n, 1n)];
    const before = source.batches.length;
    const answer = await ask({ source, sampler, query, waitsForNew: false });
    expect(source.batches).toHaveLength(before + 2);
    expect(ratesOf(answer).join()).not.toContain('unknown');
  });
});
