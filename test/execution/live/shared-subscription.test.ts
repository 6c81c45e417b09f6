import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventLoop } from '../../../src/sampling/schedule/fair-schedule.ts';
import type { Tick, Watcher } from '../../../src/sampling/schedule/tick.ts';
import { caller } from '../../ask.ts';
import type { FakeSource } from '../../fake-source.ts';
import { useFakeTimers } from '../../fake-timers.ts';
import {
  closeBench,
  LiveBench,
  lps,
  pass,
  seconds,
  settle,
  threePartitions,
  openBench,
  type TestStream,
} from '../../live.ts';

/** Node exposes gc only with a flag. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

let source: FakeSource;
let bench: LiveBench;
beforeEach(() => {
  bench = openBench();
  source = bench.source;
});
afterEach(() => closeBench(bench));

describe('several streams', () => {
  it('share ticks, readings and executions of equal operations', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => bench.open(lps)));
    await Promise.all(streams.map((stream) => stream.next()));
    // One snapshot for all streams that were opened together.
    expect(source.batches).toEqual([['lp/0', 'lp/1']]);
    const events = streams.map((stream) => stream.stream.next());
    await pass(bench, 1000);
    const results = new Set((await Promise.all(events)).map(({ value }) => value));
    expect(results.size).toBe(1);
    expect(source.batches).toHaveLength(2);
  });

  it('share their first snapshot if they are opened within ten milliseconds, and otherwise do not', async () => {
    const first = await bench.open(lps);
    await first.next();
    source.milliseconds += 9;
    const soon = await bench.open(lps);
    expect((await soon.next())?.data.hypervisor.sampledAt).toBe('2023-11-14T22:13:20.000Z');
    expect(source.batches).toHaveLength(1);
    source.milliseconds += 1;
    const later = await bench.open(lps);
    expect((await later.next())?.data.hypervisor.sampledAt).toBe('2023-11-14T22:13:20.010Z');
    expect(source.batches).toHaveLength(2);
  });

  it('share the first snapshot of other operations within that time if it has all the objects that they read', async () => {
    const others = 'subscription { hypervisor { sampledAt logicalProcessors { rates { totalRunTime } } } }';
    const one =
      'subscription { hypervisor { sampledAt logicalProcessor(index: 1) { counters { totalRunTime } } } }';
    const more = 'subscription { hypervisor { sampledAt partition(id: 5) { counters { gpaPages } } } }';
    const sampledAt = async (query: string): Promise<string> => {
      const event = await (await bench.open(query)).next();
      return String(event?.data.hypervisor.sampledAt);
    };
    const first = await sampledAt(lps);
    source.milliseconds += 5;
    expect([await sampledAt(others), await sampledAt(one)]).toEqual([first, first]);
    expect(source.batches).toEqual([['lp/0', 'lp/1']]);
    expect(await sampledAt(more)).not.toBe(first);
    expect(source.batches).toEqual([['lp/0', 'lp/1'], ['partition/5']]);
    expect(await sampledAt(one)).not.toBe(first);
  });

  it('are independent: a slow stream never delays another', async () => {
    const limits = { maxStreams: 1_100, maxStreamsPerCaller: 1_100 };
    bench = new LiveBench(source, limits);
    const streams = await Promise.all(Array.from({ length: 1_100 }, () => bench.open(lps)));
    await Promise.all(streams.map((stream) => stream.next()));
    const events = streams.slice(1).map((stream) => stream.stream.next());
    await pass(bench, 2000);
    const results = new Set((await Promise.all(events)).map(({ value }) => value));
    expect(results.size).toBe(1);
    // Its changes are since its own previous event.
    expect(seconds(await streams[0]?.next())).toBe(2);
  });

  it('receive a tick in the order in which they were opened, across subscriptions', async () => {
    // On a busy machine the fair schedule interleaves subscriptions, which is not the subject here.
    vi.spyOn(eventLoop, 'isFree').mockReturnValue(true);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const [one, other] = [lps, lps.replace('sampledAt', 'sampledAt name: sampledAt')];
    const given: number[] = [];
    const queries = [one, other, one, one, other, other, one];
    for (const [n, query] of queries.entries()) {
      const { stream } = await bench.open(query);
      const event = (): boolean => given.push(n) > 0;
      stream.follow({ event, done: () => undefined, failed: () => undefined });
      await settle();
    }
    given.length = 0;
    await pass(bench, 1000);
    expect(given).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('keep only the ticks that later changes need', async () => {
    const ticks: WeakRef<Tick>[] = [];
    const watcher: Watcher = {
      lists: null,
      requests: () => Promise.resolve([]),
      offered: (tick) => void ticks.push(new WeakRef(tick)),
    };
    const stream = await bench.open(lps);
    await stream.next();
    bench.sampler.scheduler(1000).add(watcher);
    for (let n = 0; n < 6; n += 1) {
      const event = stream.next();
      await pass(bench, 1000);
      await event;
    }
    bench.sampler.scheduler(1000).remove(watcher);
    collectGarbage();
    expect(ticks).toHaveLength(6);
    expect(ticks.filter((tick) => tick.deref() !== undefined).length).toBeLessThan(3);
  });

  it('are equal even if their requests have undeclared variables, of any size', async () => {
    const query = 'subscription ($id: UInt64) { partition(id: $id) { counters { gpaPages } } }';
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    const more = [{}, { deep }, { large: 'x'.repeat(1_000_000) }, { id: undefined }];
    const streams = await Promise.all(
      more.map((variables) => bench.open(query, { variables: { id: '5', ...variables } })),
    );
    const events = await Promise.all(streams.map(async ({ stream }) => (await stream.next()).value));
    expect(new Set(events.slice(0, 3)).size).toBe(1);
    expect(events[3]).not.toBe(events[0]);
  });

  it('read each page once a tick for all callers, and only pages that a stream needs', async () => {
    const queries = [
      'subscription { partition(id: 5) { sampledAt counters { gpaPages } } }',
      'subscription { partition(id: 5) { sampledAt virtualProcessor(index: 0) { counters { hypercalls } } counters { gpaPages } } }',
      'subscription { hypervisor { sampledAt partition(id: 5) { counters { addressSpaces } } logicalProcessor(index: 1) { counters { totalRunTime } } } }',
    ];
    const streams = await Promise.all(queries.map((query) => bench.open(query)));
    await Promise.all(streams.map((stream) => stream.next()));
    source.batches.length = 0;
    const events = streams.map((stream) => stream.next());
    await pass(bench, 1000);
    const answers = await Promise.all(events);
    expect(source.batches.map((batch) => batch.sort())).toEqual([
      ['lp/1', 'partition/5', 'partition/5/vp/0'],
    ]);
    const moments = answers.map(
      (answer) => answer?.data.partition?.sampledAt ?? answer?.data.hypervisor.sampledAt,
    );
    expect(new Set(moments).size).toBe(1);
    // The pages of a closed stream are not read any more.
    await streams[1]?.stream.return();
    await streams[2]?.stream.return();
    source.batches.length = 0;
    await pass(bench, 1000);
    expect(source.batches).toEqual([['partition/5']]);
  });

  it('share the ticks of equal intervals, also with a stream that is opened later', async () => {
    const early = await bench.open(lps);
    await early.next();
    await pass(bench, 300);
    const late = await bench.open(lps);
    const first = await late.next();
    expect(seconds(first)).toBeNull();
    const both = [early.next(), late.next()];
    await pass(bench, 700);
    const [a, b] = await Promise.all(both);
    expect([a?.data.hypervisor.sampledAt, b?.data.hypervisor.sampledAt]).toEqual([
      '2023-11-14T22:13:21.000Z',
      '2023-11-14T22:13:21.000Z',
    ]);
    expect([seconds(a), seconds(b)]).toEqual([1, 0.7]);
    const next = [early.stream.next(), late.stream.next()];
    await pass(bench, 1000);
    const [c, d] = await Promise.all(next);
    expect(c?.value).toBe(d?.value);
  });

  it('skip a tick right after the first event', async () => {
    const early = await bench.open(lps);
    await early.next();
    await pass(bench, 900);
    const late = await bench.open(lps);
    await late.next();
    const second = late.next();
    await pass(bench, 1100);
    expect(seconds(await second)).toBe(1.1);
  });

  it('of different intervals have separate ticks', async () => {
    const [slow, quick] = [
      await bench.open(lps.replace('hypervisor', 'hypervisor(every: "2s")')),
      await bench.open(lps.replace('hypervisor', 'hypervisor(every: "500ms")')),
    ];
    await Promise.all([slow.next(), quick.next()]);
    const counts = { slow: 0, quick: 0 };
    const count = async (name: keyof typeof counts, stream: TestStream) => {
      while ((await stream.next()) !== null) counts[name] += 1;
    };
    void count('slow', slow);
    void count('quick', quick);
    await pass(bench, 4000);
    expect(counts).toEqual({ slow: 2, quick: 8 });
  });

  it('are not shared between callers with different rights', async () => {
    const query = 'subscription { hypervisor { partitions { nodes { partitionId } } } }';
    const streams = await Promise.all(
      [caller(1n), caller(5n), caller(5n, ['ACCESS_STATS'])].map((who) => bench.open(query, { caller: who })),
    );
    const answers = await Promise.all(streams.map((stream) => stream.next()));
    const ids = answers.map((answer) =>
      answer?.data.hypervisor.partitions.nodes.map(({ partitionId }: any) => partitionId),
    );
    expect(ids).toEqual([['1', '5', '9'], ['5'], []]);
  });
});

describe('the changes in a first event', () => {
  const one =
    'partition(id: 5) { rates { interval { seconds } } deltas(over: "2s") { interval { seconds } } }';
  const spansOf = (event: any): unknown[] => {
    const { rates, deltas } = event.data.partition;
    return [rates?.interval.seconds ?? null, deltas?.interval.seconds ?? null];
  };
  /** The first event of a stream opened while readings of these ages are in memory. */
  const firstAfter = async (...ages: readonly number[]): Promise<any> => {
    let now = 10_000;
    for (const age of ages) {
      await pass(bench, 10_000 - age - (now === 10_000 ? source.milliseconds : now));
      now = 10_000 - age;
      const other = await bench.open(
        'subscription { partition(id: 5, every: "1h") { counters { gpaPages } } }',
      );
      await other.next();
      await other.stream.return();
    }
    await pass(bench, 10_000 - now);
    const stream = await bench.open(`subscription { ${one} }`);
    return stream.next();
  };

  it.each([
    [[499], [null, null]],
    [[500], [0.5, null]],
    [[1_200], [1.2, null]],
    [[2_000], [2, 2]],
    [[2_001], [null, 2.001]],
    [
      [1_799, 899],
      [0.899, null],
    ],
    [
      [4_000, 900],
      [0.9, 4],
    ],
    [[4_001], [null, null]],
  ])('are, with readings in memory of ages %j ms, over %j s', async (ages, spans) => {
    expect(spansOf(await firstAfter(...ages))).toEqual(spans);
  });

  it('are relative to the previous event from the second one on', async () => {
    await firstAfter(1_500);
    const stream = await bench.open(`subscription { ${one} }`);
    await stream.next();
    const next = stream.next();
    await pass(bench, 1_000);
    expect(spansOf(await next)[0]).toBe(1);
  });
});

describe('the changes over a given interval', () => {
  it('are unknown until a reading is old enough, and are then computed from it', async () => {
    const stream = await bench.open(
      'subscription { hypervisor(every: "500ms") { logicalProcessor(index: 0) { rates(over: "2s") { interval { seconds } } } } }',
    );
    const spans: (number | null)[] = [];
    for (let n = 0; n < 8; n += 1) {
      const event = stream.next();
      if (n > 0) await pass(bench, 500);
      spans.push((await event)?.data.hypervisor.logicalProcessor.rates?.interval.seconds ?? null);
    }
    // The first event is immediate; the first tick of the scheduler is half a second later.
    expect(spans).toEqual([null, null, null, null, 2, 2, 2, 2]);
  });

  it('are computed from stored readings if there is no memory for snapshots', async () => {
    const maximumBytes = 200_000;
    const holding = { maximumAgeMilliseconds: 120_000, historyMilliseconds: 120_000, maximumBytes };
    await closeBench(bench);
    useFakeTimers();
    bench = new LiveBench(threePartitions(), {}, { holding });
    const stream = await bench.open(
      'subscription { hypervisor(every: "500ms") { logicalProcessors { rates(over: "2s") { interval { seconds } } } } }',
    );
    const spans: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      const event = stream.next();
      if (n > 0) await pass(bench, 500);
      const [first] = (await event)?.data.hypervisor.logicalProcessors ?? [];
      if (first.rates !== null) spans.push(first.rates.interval.seconds);
      expect(bench.sampler.health.held.bytes).toBeLessThanOrEqual(maximumBytes);
    }
    expect(spans.length).toBeGreaterThan(34);
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(1.8);
    expect(Math.max(...spans)).toBeLessThanOrEqual(4);
  });

  it('may span much more than the interval of events, accurate to an eighth', async () => {
    const stream = await bench.open(
      'subscription { hypervisor(every: "100ms") { logicalProcessor(index: 0) { rates(over: "10s") { interval { seconds } } } } }',
    );
    const spans: number[] = [];
    for (let n = 0; n < 300; n += 1) {
      const event = stream.next();
      if (n > 0) await pass(bench, 100);
      const span = (await event)?.data.hypervisor.logicalProcessor.rates?.interval.seconds;
      if (span !== undefined) spans.push(span);
    }
    expect(spans.length).toBeGreaterThan(180);
    // A reading in memory may be a tenth younger.
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(9);
    expect(Math.max(...spans)).toBeLessThanOrEqual(11.25);
  });
});
