import { describe, expect, it } from 'vitest';
import { counterNamed } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { ReadingChange } from '../../../src/sampling/change/change.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Reading } from '../../../src/snapshot/reading.ts';
import { captureWriter } from '../../../src/source/capture/capture-writer.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import { formatStats } from '../../../src/source/mshv/stats-lines.ts';
import { StatsParser } from '../../../src/source/mshv/stats-parser.ts';
import { asRecorded, fromRecorded, movedOn } from '../../../src/source/capture/recorded-reading.ts';
import { openSource } from '../../../src/source/sources.ts';
import type { Source } from '../../../src/source/source.ts';
import { ManualClock } from '../manual-clock.ts';
import { scratchFolder } from '../scratch.ts';
import { RecordedHost } from '../windows/recorded-host.ts';

const never = new AbortController().signal;
const processor: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
const globalTime = counterNamed('LOGICAL_PROCESSOR', 'globalTime');
const totalRunTime = counterNamed('LOGICAL_PROCESSOR', 'totalRunTime');

function parse(text: string) {
  return new StatsParser().parse({ object: 'LOGICAL_PROCESSOR', bytes: Buffer.from(text) });
}

const at = { wallMilliseconds: 1_763_726_400_004, monotonicNanoseconds: 8_123_456_793_012_300n };

describe('the time of a reading in a recorded text', () => {
  it('is two lines, which are not counters of the source', () => {
    const reading = fromRecorded(
      'LOGICAL_PROCESSOR',
      parse(
        'at.wallMilliseconds: 1763726400004\nLpGlobalTime: 7\nLpOfTomorrow: 8\nat.monotonicNanoseconds: 8123456793012300\n',
      ),
    );
    expect(reading.at).toEqual(at);
    expect(reading.unnamed?.()).toEqual([{ name: 'LpOfTomorrow', value: 8n }]);
    expect(reading.value(globalTime)).toBe(7n);
    expect(reading.cells?.layout.offsetOf(globalTime)).toBe(8);
    expect(reading.cells?.layout.offsetOf(totalRunTime)).toBe(-1);
  });

  it('is missing if one of the two lines is missing', () => {
    const reading = fromRecorded('LOGICAL_PROCESSOR', parse('LpGlobalTime: 7\nat.wallMilliseconds: 5\n'));
    expect(reading.at).toBeUndefined();
    expect(reading.unnamed?.()).toEqual([{ name: 'at.wallMilliseconds', value: 5n }]);
  });

  it('allows readings with the same lines to share a layout', () => {
    const parser = new StatsParser();
    const readings = [7, 8].map((n) => {
      const text = `LpGlobalTime: ${n}\nat.wallMilliseconds: ${n}\nat.monotonicNanoseconds: ${n}\n`;
      return fromRecorded(
        'LOGICAL_PROCESSOR',
        parser.parse({ object: 'LOGICAL_PROCESSOR', bytes: Buffer.from(text) }),
      );
    });
    expect(readings[1]?.at?.monotonicNanoseconds).toBe(8n);
    expect(readings[1]?.cells?.layout).toBe(readings[0]?.cells?.layout);
  });

  it('is omitted if it is impossible', () => {
    const reading: Reading = { page: null, value: () => 1n, at: { ...at, wallMilliseconds: -1 } };
    expect(asRecorded('LOGICAL_PROCESSOR', reading)).toBe(reading);
  });

  it('is advanced in each round of a loop, and readings without a time are unchanged', () => {
    const text = 'at.wallMilliseconds: 10\nat.monotonicNanoseconds: 10000000\n';
    const gone = new HvqlError('PAGE_UNAVAILABLE', 'lp/1/stats is not there.');
    const outcomes = [fromRecorded('LOGICAL_PROCESSOR', parse(text)), parse('LpGlobalTime: 7\n'), gone];
    const moved = movedOn(outcomes, {
      recorded: { wallMilliseconds: 11, monotonicNanoseconds: 11_000_000n },
      shown: { wallMilliseconds: 111, monotonicNanoseconds: 111_000_000n },
    });
    expect(moved[0]).toMatchObject({ at: { wallMilliseconds: 110, monotonicNanoseconds: 110_000_000n } });
    expect(moved.slice(1)).toEqual(outcomes.slice(1));
  });
});

describe('the clock of a percentage in a recorded text', () => {
  it('is a line, which is not a counter of the source', () => {
    const reading = fromRecorded(
      'LOGICAL_PROCESSOR',
      parse('base.LpTotalRunTime: 7\nLpTotalRunTime: 5\nbase.LpOfTomorrow: 8\nbase.LpGlobalTime: 9\n'),
    );
    expect(reading.base?.(totalRunTime)).toBe(7n);
    expect(reading.value(totalRunTime)).toBe(5n);
    expect(reading.base?.(counterNamed('LOGICAL_PROCESSOR', 'hypervisorRunTime'))).toBeUndefined();
    // A counter that is not a time has no base in any version.
    expect(reading.unnamed?.()).toEqual([
      { name: 'base.LpOfTomorrow', value: 8n },
      { name: 'base.LpGlobalTime', value: 9n },
    ]);
    expect(reading.at).toBeUndefined();
  });

  it('is kept together with the time and with unlisted counters', () => {
    const reading: Reading = {
      page: null,
      value: () => undefined,
      base: (counter) => (counter === totalRunTime ? 2n ** 64n - 1n : undefined),
      unnamed: () => [{ name: 'LpOfTomorrow', value: 8n }],
      at,
    };
    const recorded = asRecorded('LOGICAL_PROCESSOR', reading);
    expect(recorded.unnamed?.()).toEqual([
      { name: 'LpOfTomorrow', value: 8n },
      { name: 'base.LpTotalRunTime', value: 2n ** 64n - 1n },
      { name: 'at.wallMilliseconds', value: 1_763_726_400_004n },
      { name: 'at.monotonicNanoseconds', value: 8_123_456_793_012_300n },
    ]);
  });

  it('is not confused with a counter that has the same name on Linux', () => {
    const reading: Reading = {
      page: null,
      value: () => undefined,
      unnamed: () => [
        { name: 'TotalRunTime', value: 8n },
        { name: 'LpOfTomorrow', value: 9n },
      ],
    };
    const recorded = fromRecorded(
      'LOGICAL_PROCESSOR',
      parse(
        Buffer.from(formatStats('LOGICAL_PROCESSOR', asRecorded('LOGICAL_PROCESSOR', reading))).toString(),
      ),
    );
    expect(recorded.value(totalRunTime)).toBeUndefined();
    expect(recorded.unnamed?.()).toEqual(reading.unnamed?.());
  });

  it('stays unchanged while the time is advanced in each round of a loop', () => {
    const text = 'base.LpTotalRunTime: 7\nat.wallMilliseconds: 10\nat.monotonicNanoseconds: 10000000\n';
    const [moved] = movedOn([fromRecorded('LOGICAL_PROCESSOR', parse(text))], {
      recorded: { wallMilliseconds: 11, monotonicNanoseconds: 11_000_000n },
      shown: { wallMilliseconds: 111, monotonicNanoseconds: 111_000_000n },
    });
    if (moved === undefined || moved instanceof HvqlError) throw moved ?? new Error('no outcome');
    expect(moved.at?.wallMilliseconds).toBe(110);
    expect(moved.base?.(totalRunTime)).toBe(7n);
  });
});

describe('a recording of a Windows host', () => {
  it('has changes over the times of its samples, in every round of a loop', async () => {
    const clock = new ManualClock();
    const host = new RecordedHost();
    const source = await openSource(`windows?powershell=${host.executable}`, { clock });
    const out = `${scratchFolder()}/host.tar`;
    const writer = await captureWriter(out);
    for (const frame of [0, 1]) {
      host.play(frame);
      await writer.writeFrame(await takeSnapshot(source, never));
    }
    await writer.finish();
    await source.close();

    const capture = await openSource(`capture:${out}?loop=true`, { clock });
    const grown =
      host.recorded(1, ['LogicalProcessor', 'Hv LP 0', 'PercentTotalRunTime']) -
      host.recorded(0, ['LogicalProcessor', 'Hv LP 0', 'PercentTotalRunTime']);
    const first = await sampleOf(capture);
    for (let round = 0; round < 3; round++) {
      const earlier = await sampleOf(capture);
      clock.advance(2000);
      const later = await sampleOf(capture);
      clock.advance(2000);
      const change = new ReadingChange('LOGICAL_PROCESSOR', { earlier, later });
      expect(change.interval).toMatchObject({ seconds: 2, reset: false });
      // Its percentages have a clock of their own, by which that was 1.5 s.
      expect(change.rate(totalRunTime)).toBe((Number(grown) * 100 * 100) / 1.5e9);
      // Further numbers of the class; nothing of what the recording adds.
      for (const { name } of later.reading.unnamed?.() ?? []) expect(name).toMatch(/^[A-Z][A-Za-z0-9]*$/);
      // A round is the two seconds of the recording, and as much to the next.
      const age = change.interval.from.monotonicNanoseconds - momentOf(first);
      expect(age).toBe(BigInt(round) * 4_000_000_000n);
    }
    await capture.close();
  });
});

async function sampleOf(source: Source) {
  const { at: readAt, outcomes } = await source.read([processor], never);
  const [reading] = outcomes;
  if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
  return { at: readAt, reading };
}

function momentOf({ reading }: Awaited<ReturnType<typeof sampleOf>>): bigint {
  return reading.at?.monotonicNanoseconds ?? -1n;
}
