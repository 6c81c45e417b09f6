import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { caller, errorsOf } from '../../ask.ts';
import type { FakeSource } from '../../fake-source.ts';
import {
  closeBench,
  lps,
  pass,
  seconds,
  settle,
  openBench,
  type LiveBench,
  type TestStream,
} from '../../live.ts';

let source: FakeSource;
let bench: LiveBench;
beforeEach(() => {
  bench = openBench();
  source = bench.source;
});
afterEach(() => closeBench(bench));

describe('a stream', () => {
  it('has its first event immediately, then one per interval, with changes since the previous event', async () => {
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

  it('reads nothing and has no timer after its end', async () => {
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

  it('is sorted by the change since its previous event, or over the interval that the order has', async () => {
    // Processor 1 is busy all the time, and processor 0 in the fourth second.
    source.value = (_counter, { index }: any, milliseconds) =>
      BigInt(index === 1 ? milliseconds : 2 * Math.min(1_000, Math.max(0, milliseconds - 3_000)));
    const busiest = async (order: string): Promise<TestStream> =>
      bench.open(
        `subscription { hypervisor { logicalProcessors(orderBy: { counter: HARDWARE_INTERRUPTS ${order} }, first: 1) { index } } }`,
      );
    const streams = [await busiest(''), await busiest('over: "4s"')];
    const indexes: (readonly number[])[] = [];
    for (let n = 0; n <= 4; n += 1) {
      const events = streams.map((stream) => stream.next());
      if (n > 0) await pass(bench, 1_000);
      const [previous, longer] = await Promise.all(events);
      indexes.push([previous, longer].map((event) => event?.data.hypervisor.logicalProcessors[0].index));
    }
    expect(indexes.at(-1)).toEqual([0, 1]);
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
  it('ends before its first event, and releases everything', async () => {
    const opening = bench.open(lps);
    bench.live.close();
    expect(await (await opening).next()).toBeNull();
    expect(bench.live.size).toBe(0);
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

  it('are skipped, and later changes are relative to the last event that was sent', async () => {
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
    ['a partition that never existed', 99n],
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

  it('does not result from undeclared variables, at any depth', async () => {
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

  it('of a total, which decreases, is a reset: changes are unknown, never negative', async () => {
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

  it('of a slow source to keep up skips ticks, and events show the actual interval', async () => {
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
