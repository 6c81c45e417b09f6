import { describe, expect, it } from 'vitest';
import { counterNamed } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { hypervisorName, type ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Reading } from '../../../src/snapshot/reading.ts';
import { namesOf } from '../../../src/source/host-snapshot.ts';
import { simulatorSettings } from '../../../src/source/simulator/settings.ts';
import { openSimulator } from '../../../src/source/simulator/simulator.ts';
import type { Source } from '../../../src/source/source.ts';
import { ManualClock } from '../manual-clock.ts';

const globalTime = counterNamed('LOGICAL_PROCESSOR', 'globalTime');
const totalRunTime = counterNamed('VIRTUAL_PROCESSOR', 'totalRunTime');
const logicalProcessor: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
const virtualProcessor: ObjectName = { object: 'VIRTUAL_PROCESSOR', partitionId: 2n, index: 3 };

function open(query = ''): { source: Source; clock: ManualClock } {
  const clock = new ManualClock();
  return { source: openSimulator(simulatorSettings(new URLSearchParams(query)), clock), clock };
}

const unaborted = new AbortController().signal;

function asReading(outcome: Reading | HvqlError | undefined): Reading {
  if (outcome === undefined || outcome instanceof HvqlError) throw outcome ?? new Error('nothing was read');
  return outcome;
}

describe('the simulator', () => {
  it('describes itself', () => {
    const { source } = open('seed=7');
    expect(source.kind).toBe('simulator');
    expect(source.description).toBe('simulator?seed=7&lps=16&partitions=8&vps=4&nested=0');
  });

  it('reads every object of its topology, at the current time of its clock', async () => {
    const { source, clock } = open('lps=2&partitions=3&vps=2');
    clock.advance(5_000);
    const objects = namesOf(await source.topology(unaborted));
    const readings = await source.read(objects, unaborted);
    expect(readings.at).toEqual(clock.now());
    expect(readings.outcomes.map((outcome) => asReading(outcome).page?.bytes.byteLength)).toEqual(
      objects.map(() => 4096),
    );
  });

  it('returns the same values to all reads at one time, and time in the pages is the time of the clock', async () => {
    const { source, clock } = open();
    const readAll = async (): Promise<readonly Uint8Array[]> => {
      const { outcomes } = await source.read([logicalProcessor, virtualProcessor, hypervisorName], unaborted);
      return outcomes.map((outcome) => asReading(outcome).page?.bytes ?? new Uint8Array());
    };
    expect(await readAll()).toEqual(await readAll());
    const before = asReading((await source.read([logicalProcessor], unaborted)).outcomes[0]);
    clock.advance(123);
    const after = asReading((await source.read([logicalProcessor], unaborted)).outcomes[0]);
    expect((after.value(globalTime) ?? 0n) - (before.value(globalTime) ?? 0n)).toBe(1_230_000n);
  });

  it('starts with an uptime of ten minutes', async () => {
    const { source } = open();
    const reading = asReading((await source.read([logicalProcessor], unaborted)).outcomes[0]);
    expect(reading.value(globalTime)).toBe(6_000_000_000n);
  });

  it('never changes readings that have been returned', async () => {
    const { source, clock } = open();
    const held = asReading((await source.read([virtualProcessor], unaborted)).outcomes[0]);
    const value = held.value(totalRunTime);
    clock.advance(60_000);
    const later = asReading((await source.read([virtualProcessor], unaborted)).outcomes[0]);
    expect(held.value(totalRunTime)).toBe(value);
    expect(later.value(totalRunTime)).toBeGreaterThan(value ?? 0n);
  });

  it('catches up after an idle night in steps, between which the event loop runs', async () => {
    const { source, clock } = open();
    clock.advance(12 * 3_600_000);
    const controller = new AbortController();
    const reading = source.read([logicalProcessor], controller.signal);
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    const results = await Promise.all(
      Array.from({ length: 3 }, () => source.read([logicalProcessor], unaborted)),
    );
    for (const { at, outcomes } of results) {
      expect(at).toEqual(clock.now());
      expect(asReading(outcomes[0]).value(globalTime)).toBe((600n + 12n * 3600n) * 10_000_000n);
    }
  });

  it('does not change, time included, while the clock goes backwards', async () => {
    const { source, clock } = open();
    clock.advance(10_000);
    const latest = await source.read([virtualProcessor], unaborted);
    clock.advance(-3_000);
    const held = await source.read([virtualProcessor], unaborted);
    expect(held.at).toEqual(latest.at);
    expect(asReading(held.outcomes[0]).page?.bytes).toEqual(asReading(latest.outcomes[0]).page?.bytes);
  });

  it('has an error for an object that does not exist, and reads the others', async () => {
    const { source } = open();
    const { outcomes } = await source.read(
      [
        { object: 'LOGICAL_PROCESSOR', index: 16 },
        { object: 'LOGICAL_PROCESSOR', index: -1 },
        { object: 'PARTITION', partitionId: 999n },
        { object: 'VIRTUAL_PROCESSOR', partitionId: 999n, index: 0 },
        { object: 'VIRTUAL_PROCESSOR', partitionId: 2n, index: 4 },
        { object: 'VIRTUAL_PROCESSOR', partitionId: 2n, index: -1 },
        { object: 'PARTITION', partitionId: 2n },
      ],
      unaborted,
    );
    const errors = outcomes.filter((outcome) => outcome instanceof HvqlError);
    expect(errors.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'PAGE_UNAVAILABLE: lp/16/stats.page is gone: the simulated host has logical processors 0 to 15.',
      'PAGE_UNAVAILABLE: lp/-1/stats.page is gone: the simulated host has logical processors 0 to 15.',
      'PAGE_UNAVAILABLE: partition/999/stats.page is gone: there is no partition 999 on the simulated host now.',
      'PAGE_UNAVAILABLE: partition/999/vp/0/stats.page is gone: there is no partition 999 on the simulated host now.',
      'PAGE_UNAVAILABLE: partition/2/vp/4/stats.page is gone: partition 2 has virtual processors 0 to 3.',
      'PAGE_UNAVAILABLE: partition/2/vp/-1/stats.page is gone: partition 2 has virtual processors 0 to 3.',
    ]);
    expect(errors[0]?.extensions).toEqual({ code: 'PAGE_UNAVAILABLE', page: 'lp/16/stats.page' });
    expect(outcomes[6]).not.toBeInstanceOf(HvqlError);
  });

  it('rejects with the reason of an aborted signal', async () => {
    const { source } = open();
    const reason = new Error('the caller has gone');
    const signal = AbortSignal.abort(reason);
    await expect(source.topology(signal)).rejects.toBe(reason);
    await expect(source.read([hypervisorName], signal)).rejects.toBe(reason);
  });

  it('may be closed more than once', async () => {
    const { source } = open();
    await source.close();
    await expect(source.close()).resolves.toBeUndefined();
  });
});
