import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { LiveBench, pass, settle } from '../../live.ts';

/** 5.8 days of run time, as the driver may print under the same name when it reads another area. */
const otherArea = 5_079_430_000_000n;

/** Processor 0 of partition 5 is read from another area from this millisecond on. */
class SwitchingHost extends FakeSource {
  switchesAt = Number.POSITIVE_INFINITY;
  override partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
  override value: FakeSource['value'] = ({ field }, name, milliseconds) => {
    if (field !== 'totalRunTime') return BigInt(3 * milliseconds);
    const isSwitched =
      name.object === 'VIRTUAL_PROCESSOR' &&
      name.partitionId === 5n &&
      name.index === 0 &&
      milliseconds >= this.switchesAt;
    // Half of the time, in units of 100 ns.
    return BigInt(5_000 * milliseconds) + (isSwitched ? otherArea : 120n);
  };
}

let source: SwitchingHost;
beforeEach(() => {
  source = new SwitchingHost();
});

const unknown = { totalRunTime: null, hypercalls: null, interval: { reset: true } };
const half = { totalRunTime: 50, hypercalls: 3_000, interval: { reset: false } };

describe('an impossible percentage of time', () => {
  const rates = 'rates(over: "1s") { totalRunTime hypercalls interval { reset } }';

  it('is a reset of the object and of the total that includes it; the next interval is valid again', async () => {
    const sampler = samplerOf(source);
    const query = `{ partition(id: 5) {
      virtualProcessors { ${rates} deltas(over: "1s") { totalRunTime hypercalls } } virtualProcessorTotals { ${rates} } } }`;
    await ask({
      source,
      sampler,
      query: '{ partition(id: 5) { virtualProcessors { counters { totalRunTime } } } }',
    });
    source.switchesAt = 500;
    await source.wait(1_000);
    const { data } = await ask({ source, sampler, query });
    expect(data.partition).toEqual({
      virtualProcessors: [
        { rates: unknown, deltas: { totalRunTime: null, hypercalls: null } },
        { rates: half, deltas: { totalRunTime: '5000000', hypercalls: '3000' } },
      ],
      virtualProcessorTotals: { rates: unknown },
    });
    expect(source.milliseconds).toBe(1_000);
    await source.wait(1_000);
    const next = await ask({ source, sampler, query });
    expect(next.data.partition.virtualProcessors.map((each: any) => each.rates)).toEqual([half, half]);
    expect(next.data.partition.virtualProcessorTotals.rates).toMatchObject({ totalRunTime: 50 });
  });

  it.each(['DELTA', 'RATE'])('is sorted last by %s, in either direction', async (by) => {
    source.switchesAt = 500;
    for (const direction of ['ASC', 'DESC']) {
      source.milliseconds = 0;
      const { data } = await ask({
        source,
        query: `{ hypervisor { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: ${by}, direction: ${direction} }) {
          partition { partitionId } index rates { totalRunTime } } } }`,
      });
      expect(data.hypervisor.virtualProcessors.at(-1)).toEqual({
        partition: { partitionId: '5' },
        index: 0,
        rates: { totalRunTime: null },
      });
    }
  });

  it('is a reset in one event of a stream', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const bench = new LiveBench(source);
    const stream = await bench.open(
      'subscription { partition(id: 5) { virtualProcessor(index: 0) { rates { totalRunTime hypercalls interval { reset } } } } }',
    );
    await stream.next();
    source.switchesAt = 1_500;
    const events: unknown[] = [];
    for (let second = 1; second <= 3; second += 1) {
      const next = stream.next();
      await pass(bench, 1_000);
      events.push((await next)?.data.partition.virtualProcessor.rates);
    }
    expect(events).toEqual([half, unknown, half]);
    bench.live.close();
    await settle();
  });
});

afterEach(() => {
  vi.useRealTimers();
});
