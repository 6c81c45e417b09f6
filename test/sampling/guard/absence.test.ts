import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { Absences, type AbsenceReport } from '../../../src/sampling/guard/absences.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import { topologyOf, type PartitionEntry } from '../../../src/snapshot/topology.ts';
import { ask, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { LiveBench, pass, settle } from '../../live.ts';

const root = partitionEntry(1n, null);
const guest = partitionEntry(5n, 1n, 1);

/** A host whose partition 5 counts again, from a higher number, in each life. */
class ReturningHost extends FakeSource {
  life = 1;
  override partitions = [root, guest];
  override value: FakeSource['value'] = ({ slot }, name, milliseconds) =>
    'partitionId' in name && name.partitionId === 5n
      ? BigInt(this.life * 100_000_000 + slot)
      : BigInt(slot + milliseconds);

  leave(): void {
    this.partitions = [root];
  }

  comeBack(): void {
    this.life += 1;
    this.partitions = [root, guest];
  }
}

let source: ReturningHost;
let sampler: Sampler;
beforeEach(() => {
  source = new ReturningHost();
  sampler = samplerOf(source);
});

const everything = `{ hypervisor {
  partitions { nodes { partitionId counters { gpaPages } virtualProcessors { counters { hypercalls } } } }
} }`;
const gone = '{ partition(id: 5) { partitionId } }';

/** Partition 5 goes, a query finds it absent, and another one appears under its id, all within three seconds. */
async function awayAndBack(query = gone): Promise<void> {
  await source.wait(1_000);
  source.leave();
  await source.wait(500);
  await ask({ source, sampler, query });
  source.comeBack();
  await source.wait(500);
}

describe('a change after an absence of the object that the service has noticed', () => {
  const change =
    'deltas(over: "1s") { hypercalls interval { seconds reset } } rates(over: "1s") { totalRunTime }';
  const still = {
    deltas: { hypercalls: '0', interval: { seconds: 1, reset: false } },
    rates: { totalRunTime: 0 },
  };

  it('waits for a second reading since the return', async () => {
    await ask({ source, sampler, query: everything });
    await awayAndBack();
    const query = `{ partition(id: 5) { virtualProcessors { counters { hypercalls } ${change} } } }`;
    const { data } = await ask({ source, sampler, query });
    expect(data.partition.virtualProcessors).toEqual([{ counters: { hypercalls: '200000002' }, ...still }]);
  });

  it('is computed since the return in totals, lists of nodes and the partition itself as well', async () => {
    await ask({ source, sampler, query: everything });
    await awayAndBack();
    const query = `{
      partition(id: 5) { deltas(over: "1s") { gpaSpaceModifications } virtualProcessorTotals { ${change} } }
      hypervisor { partitions { nodes { virtualProcessors { ${change} } } } }
    }`;
    const { data } = await ask({ source, sampler, query });
    expect(data.partition).toEqual({
      deltas: { gpaSpaceModifications: '0' },
      virtualProcessorTotals: still,
    });
    expect(data.hypervisor.partitions.nodes[1].virtualProcessors).toEqual([still]);
  });

  it.each(['DELTA', 'RATE'])('is computed since the return in a sort order by %s as well', async (by) => {
    await ask({ source, sampler, query: everything });
    await awayAndBack();
    const query = `{ hypervisor { virtualProcessors(orderBy: { counter: HYPERCALLS, by: ${by} }) {
      partition { partitionId } deltas { hypercalls } } } }`;
    const { data } = await ask({ source, sampler, query });
    // The root's counters have changed; those of the returned partition have not.
    expect(data.hypervisor.virtualProcessors.at(-1)).toEqual({
      partition: { partitionId: '5' },
      deltas: { hypercalls: '0' },
    });
  });

  it('also waits if only the page was absent', async () => {
    const query = `{ partition(id: 5) { virtualProcessor(index: 0) { ${change} } } }`;
    await ask({ source, sampler, query: everything });
    await source.wait(500);
    source.broken.set('partition/5/vp/0', new HvqlError('PAGE_UNAVAILABLE', 'It is not there.'));
    await ask({ source, sampler, query: everything });
    source.broken.clear();
    source.life += 1;
    await source.wait(500);
    const { data } = await ask({ source, sampler, query });
    expect(data.partition.virtualProcessor).toEqual(still);
  });

  it('also waits if one virtual processor of several was absent', async () => {
    source.partitions = [root, partitionEntry(5n, 1n, 2)];
    await ask({ source, sampler, query: everything });
    source.partitions = [root, guest];
    await ask({ source, sampler, query: everything });
    source.partitions = [root, partitionEntry(5n, 1n, 2)];
    await source.wait(1_000);
    const query = `{ partition(id: 5) {
      here: virtualProcessor(index: 0) { deltas { interval { seconds } } }
      back: virtualProcessor(index: 1) { deltas { interval { seconds } } }
    } }`;
    const { data } = await ask({ source, sampler, query });
    expect(source.milliseconds).toBe(2_000);
    expect(data.partition.back.deltas.interval.seconds).toBe(1);
  });

  it('is unknown if the object was absent while the query waited', async () => {
    const wait = source.wait;
    const away = new Sampler({
      source,
      clock: source,
      timeoutMilliseconds: 5_000,
      wait: async (milliseconds) => {
        source.leave();
        await ask({ source, sampler: away, query: gone });
        source.comeBack();
        await wait(milliseconds);
      },
    });
    const query = '{ partition(id: 5) { virtualProcessor(index: 0) { deltas { hypercalls } } } }';
    const answer = await ask({ source, sampler: away, query });
    expect(answer).toEqual({ data: { partition: { virtualProcessor: { deltas: null } } } });
  });

  it('is computed from stored readings if a page could not be decoded, or the source failed, in between', async () => {
    await ask({ source, sampler, query: everything });
    await source.wait(500);
    source.broken.set('partition/5/vp/0', new HvqlError('PAGE_MALFORMED', 'It was being written.'));
    await ask({ source, sampler, query: everything });
    source.broken.clear();
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The source is slow.'));
    await ask({ source, sampler, query: everything });
    source.broken.clear();
    await source.wait(500);
    const query = `{ partition(id: 5) { virtualProcessor(index: 0) { ${change} } } }`;
    const { data } = await ask({ source, sampler, query });
    expect(source.milliseconds).toBe(1_000);
    expect(data.partition.virtualProcessor).toEqual(still);
  });
});

describe('a stream over an absence', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['the previous event', ''],
    ['a given interval', '(over: "2s")'],
  ])('has no change over %s that spans it', async (_what, over) => {
    const bench = new LiveBench(source);
    const query = `subscription { hypervisor { partitions { nodes {
      partitionId virtualProcessorTotals { deltas${over} { hypercalls } } } } } }`;
    const stream = await bench.open(query);
    await stream.next();
    const deltas: unknown[] = [];
    for (let second = 1; second <= 8; second += 1) {
      const next = stream.next();
      if (second === 4) source.leave();
      if (second === 5) source.comeBack();
      await pass(bench, 1_000);
      const [, found]: any[] = (await next)?.data.hypervisor.partitions.nodes ?? [];
      const change = found?.virtualProcessorTotals.deltas;
      deltas.push(found === undefined ? 'away' : (change?.hypercalls ?? null));
    }
    const known =
      over === ''
        ? ['0', '0', '0', 'away', null, '0', '0', '0']
        : [null, '0', '0', 'away', null, null, '0', '0'];
    expect(deltas).toEqual(known);
    bench.live.close();
    await settle();
  });

  it('has no change if its reader was too slow to receive the event without the object', async () => {
    const bench = new LiveBench(source);
    const stream = await bench.open('subscription { partition(id: 5) { deltas { gpaSpaceModifications } } }');
    await stream.next();
    await pass(bench, 1_000);
    source.leave();
    await pass(bench, 1_000);
    source.comeBack();
    await pass(bench, 1_000);
    // It gets the newest of the ticks that it has not read.
    expect((await stream.next())?.data).toEqual({ partition: { deltas: null } });
    bench.live.close();
    await settle();
  });
});

describe('recorded absences', () => {
  const vp = (partitionId: bigint, index: number): ObjectName => ({
    object: 'VIRTUAL_PROCESSOR',
    partitionId,
    index,
  });
  const lp: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
  let reports: AbsenceReport[];
  let absences: Absences;
  const note = (...partitions: PartitionEntry[]): void => absences.noteTopology(topologyOf([0], partitions));
  beforeEach(() => {
    reports = [];
    absences = new Absences((report) => reports.push(report));
    note(root, guest);
  });

  it('of a partition include all its virtual processors, in both areas, and nothing else', () => {
    const before = absences.count;
    note(root);
    expect(absences.isOngoing(vp(5n, 0), before)).toBe(false);
    expect(absences.isOngoing({ object: 'PARTITION', partitionId: 5n, area: 'SELF' }, before)).toBe(false);
    expect(absences.isOngoing(vp(1n, 0), before)).toBe(true);
    expect(absences.isOngoing(lp, before)).toBe(true);
    expect(absences.isOngoing(vp(5n, 0), absences.count)).toBe(true);
    expect(reports).toEqual([{ objects: [], partitions: ['5'], everything: false }]);
  });

  it('are also recorded for a changed parent, and for everything if the root changes', () => {
    const before = absences.count;
    note(root, guest, partitionEntry(9n, 1n));
    expect(absences.isOngoing(vp(5n, 0), before)).toBe(true);
    note(root, partitionEntry(5n, 9n, 1), partitionEntry(9n, 1n));
    expect(absences.isOngoing(vp(5n, 0), before)).toBe(false);
    expect(absences.isOngoing(lp, before)).toBe(true);
    note(partitionEntry(2n, null));
    expect(absences.isOngoing(lp, before)).toBe(false);
  });

  it('are not recorded for a list that could not be read', () => {
    const before = absences.count;
    const listError = new HvqlError('PAGE_UNAVAILABLE', 'The list cannot be read.');
    absences.noteTopology(topologyOf(listError, [root, { ...guest, virtualProcessors: [], listError }]));
    expect(absences.isOngoing(vp(5n, 0), before)).toBe(true);
    expect(absences.isOngoing(lp, before)).toBe(true);
    absences.noteTopology(topologyOf([], [root, { ...guest, virtualProcessors: [] }]));
    expect(absences.isOngoing(vp(5n, 0), before)).toBe(false);
    expect(absences.isOngoing(lp, before)).toBe(false);
  });

  it('include those reported by another process, which are not reported again', () => {
    const before = absences.count;
    absences.noteReport({ objects: ['partition/1/vp/0'], partitions: ['5'], everything: false });
    expect([vp(1n, 0), vp(1n, 1), vp(5n, 0)].map((each) => absences.isOngoing(each, before))).toEqual([
      false,
      true,
      false,
    ]);
    absences.noteReport({ objects: [], partitions: [], everything: true });
    expect(absences.isOngoing(vp(1n, 1), before)).toBe(false);
    expect(reports).toEqual([]);
  });

  it('use limited memory: beyond it the oldest ones count for every object', () => {
    const before = absences.count;
    const error = new HvqlError('PAGE_UNAVAILABLE', 'It is not there.');
    const names = Array.from({ length: 100_001 }, (_, index) => vp(7n, index));
    absences.noteReadings(names, { outcomes: names.map(() => error) });
    expect(reports).toEqual([{ objects: [], partitions: [], everything: true }]);
    expect(absences.isOngoing(vp(7n, 0), before)).toBe(false);
    expect(absences.isOngoing(lp, before)).toBe(false);
    expect(absences.isOngoing(lp, absences.count)).toBe(true);
  });
});
