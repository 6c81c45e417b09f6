/** The past over each kind of source. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeCounters } from '../../../src/page/encode.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { captureWriter } from '../../../src/source/capture/capture-writer.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import type { Source } from '../../../src/source/source.ts';
import { openSource } from '../../../src/source/sources.ts';
import { ask } from '../../ask.ts';
import { packTar } from '../../source/capture/pack-tar.ts';
import { ManualClock } from '../../source/manual-clock.ts';
import { copyOfFixture, fixture, putFile, scratchFolder } from '../../source/scratch.ts';
import { RecordedHost } from '../../source/windows/recorded-host.ts';

const never = new AbortController().signal;

/** A host whose processors go on, second by second. */
interface HostInTime {
  readonly source: Source;
  readonly clock: ManualClock;
  readonly goOn: () => void;
}

async function linuxHost(): Promise<HostInTime> {
  const clock = new ManualClock();
  const folder = copyOfFixture('mshv');
  let second = 0;
  const goOn = (): void => {
    clock.advance(1_000);
    second += 1;
    const text = `LpGlobalTime : ${second * 10_000_000}\nLpTotalRunTime : ${second * 4_000_000}\nLpHardwareInterrupts : ${second * 7}\n`;
    for (const lp of [0, 1]) putFile(folder, { place: `lp/${lp}/stats`, content: text });
  };
  goOn();
  return { source: await openSource(`mshv:${folder}`, { clock }), clock, goOn };
}

async function windowsHost(): Promise<HostInTime> {
  const clock = new ManualClock();
  const host = new RecordedHost('23h2');
  const source = await openSource(`windows?powershell=${host.executable}`, { clock });
  const goOn = (): void => {
    clock.advance(2_000);
    host.play(1);
  };
  return { source, clock, goOn };
}

async function pageFolder(): Promise<HostInTime & { readonly folder: string }> {
  const clock = new ManualClock();
  const folder = copyOfFixture('small-host');
  let second = 0n;
  const goOn = (): void => {
    clock.advance(1_000);
    second += 1n;
    const content = encodeCounters('LOGICAL_PROCESSOR', ({ slot }) => second * BigInt(slot + 1) * 1_000n);
    for (const lp of [0, 1]) putFile(folder, { place: `lp/${lp}/stats.page`, content });
  };
  goOn();
  return { source: await openSource(`pages:${folder}`, { clock }), clock, goOn, folder };
}

async function recordingOf({ source, goOn }: HostInTime, frames: number): Promise<string> {
  const out = join(scratchFolder(), 'host.tar');
  const writer = await captureWriter(out);
  for (let frame = 0; frame < frames; frame += 1) {
    await writer.writeFrame(await takeSnapshot(source, never));
    goOn();
  }
  await writer.finish();
  await source.close();
  return out;
}

/** Asks about the past, by one service. */
function questions({ source, clock }: Pick<HostInTime, 'source' | 'clock'>, historySeconds = 300) {
  const sampler = new Sampler({
    source,
    clock,
    timeoutMilliseconds: 5_000,
    wait: async (milliseconds) => clock.advance(milliseconds),
    holding: {
      maximumAgeMilliseconds: 300_000,
      maximumBytes: 2 ** 26,
      historyMilliseconds: historySeconds * 1_000,
    },
  });
  onTestFinished(() => source.close());
  return async (query: string, maxValues = 100_000) => ask({ source, sampler, query, limits: { maxValues } });
}

const sample = 'at interval { seconds reset } counters { hardwareInterrupts } deltas { hardwareInterrupts }';
const pastOf = (args = '') => `{ hypervisor {
  logicalProcessor(index: 0) { history${args} { ${sample} } }
  logicalProcessorTotals { history${args} { of readable ${sample} } }
} }`;
const present = '{ hypervisor { logicalProcessors { counters { hardwareInterrupts } } } }';

interface Shown {
  readonly at: string;
  readonly interval: { readonly seconds: number } | null;
  readonly counters: { readonly hardwareInterrupts: string | null };
  readonly deltas: { readonly hardwareInterrupts: string | null } | null;
}

/** The interrupts in each sample, after it was checked that the changes fit them. */
function numbersIn(samples: readonly Shown[]): (number | null)[] {
  const numbers = samples.map(({ counters }) =>
    counters.hardwareInterrupts === null ? null : Number(counters.hardwareInterrupts),
  );
  for (const [n, { at, interval, deltas }] of samples.entries()) {
    const [before, earlier, later] = [samples[n - 1], numbers[n - 1], numbers[n]];
    if (before === undefined) continue;
    expect(Date.parse(at)).toBeGreaterThan(Date.parse(before.at));
    expect(interval?.seconds).toBeGreaterThan(0);
    if (earlier != null && later != null) expect(Number(deltas?.hardwareInterrupts)).toBe(later - earlier);
  }
  return numbers;
}

describe.each([
  ['a page folder', 4, pageFolder],
  ['a Linux host', 4, linuxHost],
  // Two readings of it were recorded.
  ['a Windows host', 2, windowsHost],
] as const)('the history of %s', (_title, count, open) => {
  it('contains its readings, and its totals have the same times', async () => {
    const host = await open();
    const asked = questions(host);
    for (let n = 0; n < count; n += 1) {
      await asked(present);
      host.goOn();
    }
    const { data, errors } = await asked(pastOf());
    expect(errors).toBeUndefined();
    const { logicalProcessor, logicalProcessorTotals } = data.hypervisor;
    expect(numbersIn(logicalProcessor.history)).toHaveLength(count);
    const totals = logicalProcessorTotals.history;
    numbersIn(totals);
    expect(totals.map(({ at }: Shown) => at)).toEqual(logicalProcessor.history.map(({ at }: Shown) => at));
    for (const { of, readable } of totals) expect(readable).toBe(of);
  });

  it('is also available in a recording of it, for the first request already', async () => {
    const clock = new ManualClock();
    const tar = await recordingOf(await open(), count);
    const source = await openSource(`capture:${tar}?frame=${count - 1}`, { clock });
    const asked = questions({ source, clock });
    const { data, errors } = await asked(pastOf());
    expect(errors).toBeUndefined();
    const { logicalProcessor, logicalProcessorTotals } = data.hypervisor;
    expect(numbersIn(logicalProcessor.history)).toHaveLength(count);
    expect(new Set(numbersIn(logicalProcessorTotals.history)).size).toBeGreaterThan(1);
  });
});

describe('the history of a capture', () => {
  /** Each second its interrupts are 7 more. */
  async function capture(frames: number, options = ''): Promise<HostInTime> {
    const clock = new ManualClock();
    const tar = await recordingOf(await linuxHost(), frames);
    const source = await openSource(`capture:${tar}${options}`, { clock });
    return { source, clock, goOn: () => clock.advance(1_000) };
  }
  const interruptsIn = ({ data }: { data: any }, of = 'logicalProcessor') =>
    numbersIn(data.hypervisor[of].history);

  it('contains frames that no request has read, up to the current one', async () => {
    const host = await capture(8);
    const asked = questions(host);
    await asked(present);
    host.clock.advance(4_000);
    const answer = await asked(pastOf());
    expect(interruptsIn(answer)).toEqual([7, 14, 21, 28, 35]);
    // Of both processors.
    expect(interruptsIn(answer, 'logicalProcessorTotals')).toEqual([14, 28, 42, 56, 70]);
  });

  it('is limited by last and by the setting, and thinned by step', async () => {
    const host = await capture(8, '?frame=7');
    const asked = questions(host);
    expect(interruptsIn(await asked(pastOf('(last: "3s")')))).toEqual([35, 42, 49, 56]);
    const stepped = await asked(pastOf('(last: "6s", step: "3s")'));
    expect(interruptsIn(stepped)).toEqual([14, 35, 56]);
    expect(stepped.data.hypervisor.logicalProcessor.history[0].interval).toMatchObject({ seconds: 1 });
    expect(interruptsIn(stepped, 'logicalProcessorTotals')).toEqual([28, 70, 112]);
    expect(interruptsIn(await questions(host, 2)(pastOf()))).toEqual([42, 49, 56]);
  });

  it('begins again with each round of a loop, as its counters do', async () => {
    const host = await capture(4, '?loop=true');
    const asked = questions(host);
    await asked(present);
    host.clock.advance(6_000);
    expect(interruptsIn(await asked(pastOf()))).toEqual([7, 14, 21]);
  });

  it('contains nothing from before an absence of the object', async () => {
    const folder = copyOfFixture('three-frames');
    const clock = new ManualClock();
    const before = await questions({
      source: await openSource(`capture:${folder}?frame=2`, { clock }),
      clock,
    })(pastOf());
    expect(before.data.hypervisor.logicalProcessor.history).toHaveLength(3);
    rmSync(join(folder, 'frames/000001/lp/0/stats.page'));
    for (const path of [folder, await packTar(folder)]) {
      const source = await openSource(`capture:${path}?frame=2`, { clock });
      const { data } = await questions({ source, clock })(pastOf());
      expect(data.hypervisor.logicalProcessor.history).toHaveLength(1);
      const totals = data.hypervisor.logicalProcessorTotals.history;
      expect(totals.map(({ readable }: { readable: number }) => readable)).toEqual([1, 1, 2]);
    }
  });

  it('has a gap where a page cannot be read', async () => {
    const folder = copyOfFixture('three-frames');
    putFile(folder, { place: 'frames/000001/lp/0/stats.page', content: Buffer.from('no page') });
    const clock = new ManualClock();
    const source = await openSource(`capture:${folder}?frame=2`, { clock });
    const { data, errors } = await questions({ source, clock })(pastOf());
    expect(errors).toBeUndefined();
    expect(data.hypervisor.logicalProcessor.history).toMatchObject([
      { interval: null },
      { interval: { seconds: 2 } },
    ]);
  });

  it('is refused before it is read if it has too many samples or values, and the message says how many', async () => {
    const host = await capture(4, '?frame=3');
    const { errors } = await questions(host)(pastOf(), 20);
    expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 20 } }]);
    const { source, clock } = await capture(4, '?frame=3');
    const sampler = new Sampler({ source, clock, timeoutMilliseconds: 5_000, mostPastSamples: 11 });
    const refused = await ask({ source, sampler, query: pastOf() });
    await source.close();
    expect(refused).toMatchObject({
      errors: [
        {
          message:
            'The history would be made from 12 readings, but at most 11 are allowed: request a shorter time (last), a longer step, or fewer objects.',
          extensions: { code: 'LIMIT_EXCEEDED', limit: 11, actual: 12 },
        },
      ],
    });
  });

  it('has a single sample without changes for a capture of one frame', async () => {
    const clock = new ManualClock();
    const source = await openSource(`capture:${fixture('three-frames')}?frame=0`, { clock });
    const { data } = await questions({ source, clock })(pastOf());
    expect(data.hypervisor.logicalProcessor.history).toMatchObject([{ interval: null, deltas: null }]);
  });
});
