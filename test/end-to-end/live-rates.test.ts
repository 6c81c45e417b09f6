/** The rates of a subscription to a capture, compared with values computed here from its pages. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Served } from './program.ts';
import { transports } from './watcher.ts';

type Values = Record<string, Record<string, string>>;
interface Row {
  readonly object: string;
  readonly field: string;
  readonly kind: 'COUNT' | 'TIME' | 'COST' | 'GAUGE' | 'CLOCK';
  readonly storedUnit: string;
  readonly operations?: string;
}
const readJson = (name: string): any =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));
const frames: Values[] = readJson('three-frames.expected.json').values;
const times: { at: string; monotonic: string }[] = readJson('three-frames/manifest.json').frames;
const rows: Row[] = readJson('counters.json').counters;
const totals = (object: string): Row[] =>
  rows.filter((row) => row.object === object && row.kind !== 'GAUGE' && row.kind !== 'CLOCK');
const change = (object: string): string => {
  const fields = totals(object)
    .map(({ field }) => field)
    .join(' ');
  return `deltas { interval { from to seconds reset } ${fields} }
    rates { interval { from to seconds reset } ${fields} }`;
};

const query = `subscription {
  hypervisor(every: "250ms") {
    sampledAt
    logicalProcessors { index ${change('LOGICAL_PROCESSOR')} }
    partitions { nodes {
      partitionId ${change('PARTITION')}
      virtualProcessors { index ${change('VIRTUAL_PROCESSOR')} }
    } }
  }
}`;

/** Every object of an event by its key in the expected values. */
function objectsOf({ hypervisor }: any): { key: string; object: string; value: any }[] {
  return [
    ...hypervisor.logicalProcessors.map((value: any) => ({
      key: `lp/${value.index}`,
      object: 'LOGICAL_PROCESSOR',
      value,
    })),
    ...hypervisor.partitions.nodes.flatMap((value: any) => [
      { key: `partition/${value.partitionId}`, object: 'PARTITION', value },
      ...value.virtualProcessors.map((processor: any) => ({
        key: `partition/${value.partitionId}/vp/${processor.index}`,
        object: 'VIRTUAL_PROCESSOR',
        value: processor,
      })),
    ]),
  ];
}

/** What an object did between two frames: the whole numbers exactly, and one division at the end. */
function expectedChange({ key, object }: { key: string; object: string }, between: [number, number]) {
  const [from, to] = between;
  const difference = (field: string): bigint =>
    BigInt(frames[to]?.[key]?.[field] ?? '') - BigInt(frames[from]?.[key]?.[field] ?? '');
  const elapsed = BigInt(times[to]?.monotonic ?? '') - BigInt(times[from]?.monotonic ?? '');
  // The hypervisor's own clock counts in 100 ns.
  const timeNanoseconds = object === 'LOGICAL_PROCESSOR' ? difference('globalTime') * 100n : elapsed;
  const rateOf = ({ field, kind, storedUnit, operations }: Row): number | null => {
    const delta = difference(field);
    const nanoseconds = storedUnit === '100ns' ? delta * 100n : delta;
    const quotient = (dividend: bigint, divisor: bigint): number | null =>
      divisor === 0n ? null : Number(dividend) / Number(divisor);
    if (kind === 'COUNT') return quotient(delta * 1_000_000_000n, elapsed);
    if (kind === 'TIME') return quotient(nanoseconds * 100n, timeNanoseconds);
    return quotient(nanoseconds, difference(operations ?? ''));
  };
  const each = <Value>(value: (row: Row) => Value): Record<string, Value> =>
    Object.fromEntries(totals(object).map((row) => [row.field, value(row)]));
  return { deltas: each(({ field }) => difference(field).toString()), rates: each(rateOf) };
}

const frameAt = (at: string): number => times.findIndex((time) => time.at === at);

describe.each(Object.entries(transports))('a subscription to a capture over %s', (_name, watch) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', 'capture:test/fixtures/three-frames']);
  });
  afterAll(() => served.program.stop());

  it('has exact changes from event to event, as computed from the pages', async () => {
    const watcher = watch({ url: served.url, token: served.tokens[0], query });
    const [first, , last] = times;
    await watcher.until(
      ({ events }) => events.filter(({ data }) => data.hypervisor.sampledAt === last?.at).length >= 2,
    );
    watcher.stop();
    const { events } = watcher;
    expect(events.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(events[0].data.hypervisor.sampledAt).toBe(first?.at);

    const seen = new Set<string>();
    for (const [number, { data }] of events.entries()) {
      for (const { key, object, value } of objectsOf(data)) {
        const { deltas, rates } = value;
        if (number === 0) {
          expect([key, deltas, rates]).toEqual([key, null, null]);
          continue;
        }
        const { interval, ...deltaValues } = deltas;
        const between: [number, number] = [frameAt(interval.from), frameAt(interval.to)];
        expect(between).toEqual([
          frameAt(events[number - 1].data.hypervisor.sampledAt),
          frameAt(data.hypervisor.sampledAt),
        ]);
        expect(interval).toMatchObject({ reset: false, seconds: between[1] - between[0] });
        const { interval: sameInterval, ...rateValues } = rates;
        expect(sameInterval).toEqual(interval);
        const expected = expectedChange({ key, object }, between);
        expect([key, deltaValues]).toEqual([key, expected.deltas]);
        expect(Object.keys(rateValues)).toEqual(Object.keys(expected.rates));
        for (const [field, rate] of Object.entries(expected.rates)) {
          const name = `${key}.${field}`;
          if (rate === null) expect([name, rateValues[field]]).toEqual([name, null]);
          else expect(Math.abs(rateValues[field] / rate - 1), name).toBeLessThan(1e-12);
        }
        seen.add(between.join());
      }
    }
    // A tick may be late enough to pass over a frame, but none can have been seen without growth to the next.
    expect(seen.size).toBeGreaterThan(1);
  });
});
