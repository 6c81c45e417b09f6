import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { eventLoop } from '../../../src/sampling/schedule/fair-schedule.ts';
import type { Tick, Watcher } from '../../../src/sampling/schedule/tick.ts';
import { caller, errorsOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { LiveBench, pass, settle, type TestStream } from '../../live.ts';

/** Node exposes gc only with a flag. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

let source: FakeSource;
let bench: LiveBench;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(9n, 1n)];
  bench = new LiveBench(source);
});
afterEach(async () => {
  bench.live.close();
  await settle();
  expect(bench.unexpected).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const lps = `subscription { hypervisor { sampledAt logicalProcessors { counters { hardwareInterrupts } rates { interval { seconds } hardwareInterrupts } deltas { hardwareInterrupts } } } }`;
const seconds = (answer: any) => answer?.data.hypervisor.logicalProcessors[0].rates?.interval.seconds ?? null;

describe('a stream', () => {
  it('has its first event at once, then one per interval, with changes since the previous event', async () => {
    const stream = await bench.open(lps);
    const first = await stream.next();
    expect(first?.data.hypervisor.logicalProcessors[0]).toEqual({
      counters: { hardwareInterrupts: '0' },
      rates: null,
      deltas: null,
    });
    expect(source.milliseconds).toBe(0);
    const second = stream.next();
    await pass(bench, 1000);
    expect((await second)?.data.hypervisor).toMatchObject({
      sampledAt: '2023-11-14T22:13:21.000Z',
      logicalProcessors: [
        {
          counters: { hardwareInterrupts: '4000' },
          rates: { interval: { seconds: 1 }, hardwareInterrupts: 4000 },
          deltas: { hardwareInterrupts: '4000' },
        },
        {},
      ],
    });
    const third = stream.next();
    await pass(bench, 1000);
    expect((await third)?.data.hypervisor.sampledAt).toBe('2023-11-14T22:13:22.000Z');
  });

  it('reads nothing and has no timer after it has ended', async () => {
    const stream = await bench.open(lps);
    await stream.next();
    const { length } = source.batches;
    await stream.stream.return();
    expect(vi.getTimerCount()).toBe(0);
    await pass(bench, 5000);
    expect(source.batches).toHaveLength(length);
    expect(bench.live.size).toBe(0);
  });

  it('delivers the newest event to a slow client, with changes since its previous one', async () => {
    const [slow, quick] = [await bench.open(lps), await bench.open(lps)];
    await slow.next();
    await quick.next();
    for (let n = 1; n <= 3; n += 1) {
      const event = quick.next();
      await pass(bench, 1000);
      expect(seconds(await event)).toBe(1);
    }
    const late = await slow.next();
    expect(late?.data.hypervisor.sampledAt).toBe('2023-11-14T22:13:23.000Z');
    expect(seconds(late)).toBe(3);
    expect(late?.data.hypervisor.logicalProcessors[0].deltas.hardwareInterrupts).toBe('12000');
    // The ticks in between are skipped.
    const waiting = slow.next();
    let isThere = false;
    void waiting.then(() => (isThere = true));
    await settle();
    expect(isThere).toBe(false);
    await pass(bench, 1000);
    expect(seconds(await waiting)).toBe(1);
  });

  it('ends on return, even while an event is pending', async () => {
    const stream = await bench.open(lps);
    await stream.next();
    const waiting = stream.next();
    await stream.stream.return();
    expect(await waiting).toBeNull();
    expect(await stream.next()).toBeNull();
  });

  it('can end before its first event', async () => {
    const stream = await bench.open(lps);
    await stream.stream.return();
    expect(await stream.next()).toBeNull();
    await settle();
    expect(bench.live.size).toBe(0);
  });

  it('ends with the service', async () => {
    const stream = await bench.open(lps);
    await stream.next();
    const waiting = stream.next();
    bench.live.close();
    expect(await waiting).toBeNull();
  });
});

describe('a stream that is opened while the service ends', () => {
  it('ends before its first event, and leaves nothing behind', async () => {
    const opening = bench.open(lps);
    bench.live.close();
    expect(await (await opening).next()).toBeNull();
    expect(bench.live.size).toBe(0);
  });
});

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

  it('share their first snapshot if they are opened within ten milliseconds, and not later', async () => {
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

  it('share the first snapshot of other operations within that time if it has all that they read', async () => {
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

  it('are independent: a slow one delays no other, however many there are', { timeout: 30_000 }, async () => {
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

  it('of different intervals have ticks of their own', async () => {
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

  it('are not shared between callers of different rights', async () => {
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

describe('changes in a first event', () => {
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
      [1_799, 1_100],
      [1.1, null],
    ],
    [
      [4_000, 900],
      [0.9, 4],
    ],
    [[4_001], [null, null]],
  ])('with readings in memory of ages %j ms are over %j s', async (ages, spans) => {
    expect(spansOf(await firstAfter(...ages))).toEqual(spans);
  });

  it('are since the previous event from the second one on', async () => {
    await firstAfter(1_500);
    const stream = await bench.open(`subscription { ${one} }`);
    await stream.next();
    const next = stream.next();
    await pass(bench, 1_000);
    expect(spansOf(await next)[0]).toBe(1);
  });
});

describe('changes over a given interval', () => {
  it('are unknown until a reading is old enough, and are then taken from it', async () => {
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

  it('may span much more than the interval of events, within an eighth', async () => {
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

describe('unchanged events', () => {
  const query = (more: string) =>
    `subscription { hypervisor(every: "1s", suppressUnchanged: true${more}) { logicalProcessor(index: 0) { counters { hardwareInterrupts } deltas { hardwareInterrupts } } } }`;
  const collect = async (stream: TestStream, events: unknown[]) => {
    for (;;) {
      const event = await stream.next();
      if (event === null) return;
      events.push([
        source.milliseconds,
        event.data.hypervisor.logicalProcessor.counters.hardwareInterrupts,
        event.data.hypervisor.logicalProcessor.deltas?.hardwareInterrupts ?? null,
      ]);
    }
  };

  it('are skipped, and later changes are since the last event that was sent', async () => {
    // The counter increases again at 3 s and 4 s.
    source.value = (_counter, _name, milliseconds) =>
      BigInt(Math.min(Math.max(0, Math.floor(milliseconds / 1000) - 2), 2));
    const events: unknown[] = [];
    void collect(await bench.open(query('')), events);
    await pass(bench, 9000);
    // From "not known" to 0 is a change; so is the end of an increase.
    expect(events).toEqual([
      [0, '0', null],
      [1000, '0', '0'],
      [3000, '1', '1'],
      [4000, '2', '1'],
      [5000, '2', '0'],
    ]);
  });

  it('are sent at the heartbeat interval', async () => {
    source.value = () => 7n;
    const events: unknown[] = [];
    void collect(await bench.open(query(', heartbeat: "3s"')), events);
    await pass(bench, 8000);
    expect(events).toEqual([
      [0, '7', null],
      [1000, '7', '0'],
      [4000, '7', '0'],
      [7000, '7', '0'],
    ]);
  });
});

describe('a failure during a subscription', () => {
  const partition =
    'subscription { partition(id: 5) { partitionId counters { gpaPages } rates { gpaSpaceModifications } } }';

  it('of the source is an error in the event, and values return after it', async () => {
    const stream = await bench.open(lps);
    await stream.next();
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The folder is gone.'));
    const during = stream.next();
    await pass(bench, 1000);
    const answer = await during;
    expect(answer?.data).toBeNull();
    expect(errorsOf(answer)).toEqual(['hypervisor PAGE_UNAVAILABLE']);
    source.broken.clear();
    const after = stream.next();
    await pass(bench, 1000);
    // The previous event has no reading: the change is not known yet.
    expect((await after)?.data.hypervisor.logicalProcessors[0]).toMatchObject({
      counters: { hardwareInterrupts: '8000' },
      rates: null,
    });
    const later = stream.next();
    await pass(bench, 1000);
    expect(seconds(await later)).toBe(1);
  });

  it('of one object is an error at its path only', async () => {
    const stream = await bench.open(lps);
    await stream.next();
    source.broken.set('lp/1', new HvqlError('PAGE_MALFORMED', 'no page'));
    const during = stream.next();
    await pass(bench, 1000);
    const answer = await during;
    expect(answer?.data.hypervisor.logicalProcessors.map(({ counters }: any) => counters !== null)).toEqual([
      true,
      false,
    ]);
    expect(errorsOf(answer)).toEqual([
      'hypervisor.logicalProcessors.1.counters PAGE_MALFORMED',
      'hypervisor.logicalProcessors.1.deltas PAGE_MALFORMED',
      'hypervisor.logicalProcessors.1.rates PAGE_MALFORMED',
    ]);
  });

  it.each([
    ['the root', caller(1n)],
    ['the partition itself', caller(5n)],
  ])('ends the stream of a partition that stops, opened by %s, and no other stream', async (_who, who) => {
    const [stream, other] = [
      await bench.open(partition, { caller: who }),
      await bench.open(partition.replace('5', '9'), { caller: caller(9n) }),
    ];
    await Promise.all([stream.next(), other.next()]);
    source.partitions = source.partitions.filter(({ id }) => id !== 5n);
    const [last, otherNext] = [stream.next(), other.next()];
    await pass(bench, 1000);
    const answer = await last;
    expect(answer?.data).toBeNull();
    expect(answer?.errors).toMatchObject([
      { message: 'Partition 5 has gone.', path: ['partition'], extensions: { code: 'PAGE_UNAVAILABLE' } },
    ]);
    expect(await stream.next()).toBeNull();
    expect((await otherNext)?.errors).toBeUndefined();
    expect(bench.live.size).toBe(1);
  });

  it.each([
    ['a partition of another caller', 9n],
    ['one that there never was', 99n],
  ])('is the same error for %s, even if the source failed at first', async (_which, id) => {
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The folder is away.'));
    const stream = await bench.open(partition.replace('5', String(id)), { caller: caller(5n) });
    expect(errorsOf(await stream.next())).toEqual(['partition PAGE_UNAVAILABLE']);
    source.broken.clear();
    const next = stream.next();
    await pass(bench, 5_000);
    expect(errorsOf(await next)).toEqual(['partition ACCESS_DENIED NOT_SELF_OR_PARENT']);
    expect(await stream.next()).toBeNull();
  });

  it('does not result from undeclared variables, however deep', async () => {
    let deep: unknown = [];
    for (let n = 0; n < 200_000; n += 1) deep = [deep];
    const one = await bench.open(partition, { variables: { deep } });
    const other = await bench.open(partition);
    expect((await one.next())?.errors).toBeUndefined();
    expect((await other.next())?.errors).toBeUndefined();
    const nexts = Promise.all([one.next(), other.next()]);
    await pass(bench, 1000);
    const [result, otherResult] = await nexts;
    expect(result).toEqual(otherResult);
  });

  it('of access ends a stream after its only event', async () => {
    const stream = await bench.open(partition, { caller: caller(9n) });
    const answer = await stream.next();
    expect(errorsOf(answer)).toEqual(['partition ACCESS_DENIED NOT_SELF_OR_PARENT']);
    expect(await stream.next()).toBeNull();
    expect(bench.live.size).toBe(0);
  });

  it('of access is decided again at each event', async () => {
    const stream = await bench.open(partition, { caller: caller(1n) });
    await stream.next();
    source.partitions = source.partitions.map((entry) =>
      entry.id === 5n ? { ...entry, parent: 9n } : entry,
    );
    const denied = stream.next();
    await pass(bench, 1000);
    expect(errorsOf(await denied)).toEqual(['partition ACCESS_DENIED NOT_SELF_OR_PARENT']);
    expect(await stream.next()).toBeNull();
  });

  it('of a total, which decreases, is a reset: unknown, never negative', async () => {
    const stream = await bench.open(lps);
    source.value = ({ slot }, _name, milliseconds) =>
      milliseconds > 1500 ? 5n : BigInt(slot + 1) * 1000n + BigInt(milliseconds);
    const resets: unknown[] = [];
    await stream.next();
    for (let n = 0; n < 3; n += 1) {
      const event = stream.next();
      await pass(bench, 1000);
      resets.push((await event)?.data.hypervisor.logicalProcessors[0].rates.hardwareInterrupts);
    }
    expect(resets).toEqual([1000, null, 0]);
  });

  it('of a slow source to keep up skips ticks, and events have the actual interval', async () => {
    const stream = await bench.open(lps);
    await stream.next();
    const read = source.read.bind(source);
    source.read = async (objects) => {
      await new Promise((resolve) => setTimeout(resolve, 1300));
      return read(objects);
    };
    const spans: unknown[] = [];
    void (async () => {
      for (;;) {
        const event = await stream.next();
        if (event === null) return;
        spans.push(seconds(event));
      }
    })();
    await pass(bench, 7000);
    expect(spans).toEqual([2.3, 2, 2]);
    // A source that ignores the abort keeps running, but is no longer waited for.
    await stream.stream.return();
    await pass(bench, 1300);
  });
});

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

  it('is rejected above the maximum number of open ones, of one caller and of all callers', async () => {
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

  it('is rejected above it even if many are opened at the same time', async () => {
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
