/** What is shown where the wall clock was set back between two readings. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Moment } from '../../../src/snapshot/moment.ts';
import { ask, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { useFakeTimers } from '../../fake-timers.ts';
import { closeBench, LiveBench, pass } from '../../live.ts';

/** A source on a machine whose wall clock can be set. */
class AdjustedSource extends FakeSource {
  wallOffset = 0;

  override now(): Moment {
    const { wallMilliseconds, monotonicNanoseconds } = super.now();
    return { wallMilliseconds: wallMilliseconds + this.wallOffset, monotonicNanoseconds };
  }
}

let source: AdjustedSource;
beforeEach(() => {
  source = new AdjustedSource();
  source.partitions = [partitionEntry(1n, null)];
});

const hour = 3_600_000;
const interval = 'interval { from to seconds reset }';
const totals = `virtualProcessorTotals { deltas { ${interval} hypercalls } }`;
const changes = `sampledAt virtualProcessor(index: 0) { deltas { ${interval} hypercalls } } ${totals}`;

interface ShownInterval {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
  readonly reset: boolean;
}

/** Ends at that moment by the wall clock as it is then, and begins as long before as it lasts. */
function expectInterval({ from, to, seconds, reset }: ShownInterval, at: string): void {
  expect({ to, seconds, reset }).toEqual({ to: at, seconds: 1, reset: false });
  expect(Date.parse(to) - Date.parse(from)).toBe(1_000);
}

describe('an interval in which the wall clock was set back by an hour', () => {
  it('ends now and begins at an earlier time, in a query and its totals', async () => {
    const sampler = samplerOf(source);
    const query = `{ partition { ${changes} } }`;
    await ask({ source, sampler, query });
    await source.wait(1_000);
    source.wallOffset = -hour;
    const { data, errors } = await ask({ source, sampler, query });
    expect(errors).toBeUndefined();
    const { sampledAt, virtualProcessor, virtualProcessorTotals } = data.partition;
    expectInterval(virtualProcessor.deltas.interval, sampledAt);
    expectInterval(virtualProcessorTotals.deltas.interval, sampledAt);
    expect(Number(virtualProcessor.deltas.hypercalls)).toBeGreaterThan(0);
  });

  it('ends now and begins at an earlier time in a history, whose samples stay in the order of the readings', async () => {
    const sampler = samplerOf(source);
    const query = '{ partition { virtualProcessors { counters { hypercalls } } } }';
    await ask({ source, sampler, query });
    await source.wait(1_000);
    source.wallOffset = -hour;
    await ask({ source, sampler, query });
    const history = `history { at ${interval} }`;
    const { data } = await ask({
      source,
      sampler,
      query: `{ partition { virtualProcessor(index: 0) { ${history} } virtualProcessorTotals { ${history} } } }`,
    });
    for (const { history: samples } of Object.values<any>(data.partition)) {
      expect(samples).toHaveLength(2);
      expect(Date.parse(samples[0].at) - Date.parse(samples[1].at)).toBe(hour - 1_000);
      expectInterval(samples[1].interval, samples[1].at);
    }
  });
});

describe('an event before which the wall clock was set back by an hour', () => {
  beforeEach(() => {
    useFakeTimers();
  });
  let bench: LiveBench | null = null;
  afterEach(async () => {
    if (bench !== null) await closeBench(bench);
  });

  it('has an interval that ends now and begins at an earlier time', async () => {
    bench = new LiveBench(source);
    const stream = await bench.open(`subscription { partition(every: "1s") { ${changes} } }`);
    await stream.next();
    await pass(bench, 500);
    source.wallOffset = -hour;
    await pass(bench, 500);
    const event = await stream.next();
    const { sampledAt, virtualProcessor, virtualProcessorTotals } = event?.data.partition ?? {};
    expectInterval(virtualProcessor.deltas.interval, sampledAt);
    expectInterval(virtualProcessorTotals.deltas.interval, sampledAt);
  });
});
