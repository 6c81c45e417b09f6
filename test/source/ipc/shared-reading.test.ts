import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterNamed, countersOf } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { hypervisorName, type ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Reading, UnnamedValue } from '../../../src/snapshot/reading.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import { shareReads } from '../../../src/source/ipc/share-reads.ts';
import { layoutLimit } from '../../../src/source/ipc/layout-bytes.ts';
import { remoteSource } from '../../../src/source/ipc/remote-source.ts';
import { serveSource } from '../../../src/source/ipc/source-server.ts';
import type { Source } from '../../../src/source/source.ts';
import { openSource } from '../../../src/source/sources.ts';
import { FakeSource } from '../../fake-source.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, putFile } from '../scratch.ts';
import { openChannel, type Channel } from './channel.ts';

const never = new AbortController().signal;
const processor: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };

let channel: Channel;
beforeEach(async () => {
  channel = await openChannel();
});
afterEach(() => {
  channel.owner.destroy();
  channel.client.destroy();
});

/** The source as another process sees it. */
function seenByAnother(source: Source): Source {
  const clock = new ManualClock();
  serveSource(shareReads(source, { clock, windowMilliseconds: 0 }), channel.owner);
  return remoteSource(channel.client, source);
}

/** A source that answers with these, one for each object, from the first again for each read. */
function giving(readings: readonly Reading[]): Source {
  const fake = new FakeSource();
  return {
    kind: 'fake',
    description: 'fake',
    topology: () => fake.topology(),
    read: async (objects) => ({
      at: fake.now(),
      outcomes: objects.map((_, n) => readings[n] ?? new HvqlError('PAGE_UNAVAILABLE', 'no more')),
    }),
    close: async () => undefined,
  };
}

async function readingsOf(source: Source, count: number): Promise<Reading[]> {
  const names = Array.from({ length: count }, (): ObjectName => processor);
  const { outcomes } = await source.read(names, never);
  return outcomes.filter((outcome): outcome is Reading => !(outcome instanceof HvqlError));
}

/** A number under each name, and nothing else. */
function onlyUnnamed(...unnamed: readonly UnnamedValue[]): Reading {
  return { value: () => undefined, page: null, unnamed: () => unnamed };
}

describe('a reading without a page that another process receives', () => {
  it('is unchanged, including unlisted counters, for every object of a Linux host', async () => {
    const folder = copyOfFixture('mshv');
    putFile(folder, { place: 'partition/2/stats', content: 'PtTlbSize : 5\nPtOfTomorrow : 6\n' });
    const source = await openSource(`mshv:${folder}`, { clock: new ManualClock() });
    const here = await takeSnapshot(source, never);
    const there = await takeSnapshot(seenByAnother(source), never);
    expect(there.pageless.map(({ name }) => name)).toEqual(here.pageless.map(({ name }) => name));
    expect(here.pageless.some(({ reading }) => (reading.unnamed?.() ?? []).length > 0)).toBe(true);
    for (const [n, { name, reading }] of here.pageless.entries()) {
      const other = there.pageless[n]?.reading;
      expect(other?.unnamed?.()).toEqual(reading.unnamed?.());
      for (const counter of countersOf(name.object))
        expect(other?.value(counter)).toBe(reading.value(counter));
    }
  });

  it('is in memory with the same layout as all others of its kind, in every snapshot', async () => {
    const folder = copyOfFixture('mshv');
    const source = seenByAnother(await openSource(`mshv:${folder}`, { clock: new ManualClock() }));
    const counter = counterNamed('VIRTUAL_PROCESSOR', 'hypercalls');
    const layouts = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      for (const { name, reading } of (await takeSnapshot(source, never)).pageless) {
        if (name.object !== 'VIRTUAL_PROCESSOR') continue;
        const { cells } = reading;
        layouts.add(cells?.layout);
        const offset = cells?.layout.offsetOf(counter) ?? -1;
        expect(cells?.view.getBigUint64(offset, true)).toBe(reading.value(counter));
      }
    }
    expect(layouts.size).toBe(1);
  });

  it('keeps numbers that have no place in memory', async () => {
    const counter = counterNamed('LOGICAL_PROCESSOR', 'totalRunTime');
    const reading: Reading = {
      value: (asked) => (asked === counter ? 2n ** 64n - 1n : undefined),
      page: null,
      unnamed: () => [{ name: 'LpOfTomorrow', value: 7n }],
    };
    const [there] = await readingsOf(seenByAnother(giving([reading])), 1);
    expect(there?.value(counter)).toBe(2n ** 64n - 1n);
    expect(there?.value(counterNamed('LOGICAL_PROCESSOR', 'hardwareInterrupts'))).toBeUndefined();
    expect(there?.unnamed?.()).toEqual([{ name: 'LpOfTomorrow', value: 7n }]);
    expect(there?.page).toBeNull();
  });

  it('keeps its own time, if it has one', async () => {
    const at = { wallMilliseconds: 1_700_000_000_123, monotonicNanoseconds: 2n ** 60n };
    const source = seenByAnother(giving([{ ...onlyUnnamed(), at }, onlyUnnamed()]));
    const [with_, without] = await readingsOf(source, 2);
    expect(with_?.at).toEqual(at);
    expect(without?.at).toBeUndefined();
  });

  it('keeps the clocks of its percentages, if it has any', async () => {
    const based = counterNamed('LOGICAL_PROCESSOR', 'totalRunTime');
    const other = counterNamed('LOGICAL_PROCESSOR', 'hypervisorRunTime');
    const base: Reading['base'] = (counter) => (counter === based ? 2n ** 64n - 1n : undefined);
    const source = seenByAnother(giving([{ ...onlyUnnamed({ name: 'a', value: 1n }), base }, onlyUnnamed()]));
    const [with_, without] = await readingsOf(source, 2);
    expect([with_?.base?.(based), with_?.base?.(other)]).toEqual([2n ** 64n - 1n, undefined]);
    expect(with_?.unnamed?.()).toEqual([{ name: 'a', value: 1n }]);
    expect(without).not.toHaveProperty('base');
  });

  it('is readable if there are more layouts than are cached', async () => {
    const count = layoutLimit + 10;
    const readings = Array.from({ length: count }, (_, n) =>
      onlyUnnamed({ name: `Name${n}`, value: BigInt(n) }),
    );
    const source = seenByAnother(giving(readings));
    for (let round = 0; round < 2; round++) {
      const there = await readingsOf(source, count);
      expect(there.map((reading) => reading.unnamed?.())).toEqual(readings.map((each) => each.unnamed?.()));
    }
  });

  it('is readable if the caller of the response with its layout has aborted', async () => {
    const fake = giving([onlyUnnamed({ name: 'LpOfTomorrow', value: 7n })]);
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let reads = 0;
    const source = seenByAnother({
      ...fake,
      // Responds although its request was aborted.
      async read(objects, signal) {
        reads++;
        if (reads === 1) await held;
        return fake.read(objects, signal);
      },
    });
    const impatient = new AbortController();
    const first = source.read([processor], impatient.signal);
    while (reads === 0) await source.topology(never);
    impatient.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    const second = readingsOf(source, 1);
    goOn();
    expect((await second)[0]?.unnamed?.()).toEqual([{ name: 'LpOfTomorrow', value: 7n }]);
    expect((await readingsOf(source, 1))[0]?.unnamed?.()).toEqual([{ name: 'LpOfTomorrow', value: 7n }]);
  });
});

describe('the number of unreadable lines', () => {
  it('is known to other processes after their first reading', async () => {
    const folder = copyOfFixture('mshv');
    const source = seenByAnother(await openSource(`mshv:${folder}`, { clock: new ManualClock() }));
    expect(source.unreadableLines).toBeNull();
    await source.topology(never);
    expect(source.unreadableLines).toBe(0);
    putFile(folder, { place: 'stats', content: 'HvLogicalProcessors : 2\nnonsense\n' });
    await source.read([hypervisorName], never);
    expect(source.unreadableLines).toBe(1);
    await source.read([hypervisorName], never);
    expect(source.unreadableLines).toBe(2);
  });

  it('stays unknown if the source reads no text', async () => {
    const source = seenByAnother(new FakeSource());
    await source.read([processor], never);
    expect(source.unreadableLines).toBeNull();
  });
});
