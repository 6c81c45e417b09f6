/** The history that one process stores for others: each returns the same as if it had read everything itself. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultHoldingLimits } from '../../../src/sampling/read/held-readings.ts';
import { KeptPast } from '../../../src/sampling/kept-past.ts';
import { encodeCounters } from '../../../src/page/encode.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { decodePage } from '../../../src/page/decode.ts';
import { steadyClockOf } from '../../../src/snapshot/moment.ts';
import type { PastQuestion } from '../../../src/snapshot/past.ts';
import { captureWriter } from '../../../src/source/capture/capture-writer.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import { remoteSource } from '../../../src/source/ipc/remote-source.ts';
import { shareReads } from '../../../src/source/ipc/share-reads.ts';
import { sharePast } from '../../../src/source/ipc/shared-past.ts';
import { serveSource } from '../../../src/source/ipc/source-server.ts';
import type { Source } from '../../../src/source/source.ts';
import { openSource } from '../../../src/source/sources.ts';
import { ask, type Answer } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { until } from '../../until.ts';
import { RecordedHost } from '../windows/recorded-host.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, scratchFolder } from '../scratch.ts';
import { openChannel } from './channel.ts';
import { pageless } from './pageless.ts';

const never = new AbortController().signal;

interface Clocked {
  readonly source: Source;
  readonly clock: { now: ManualClock['now'] };
  readonly goOn: (milliseconds: number) => void;
}

/** A process that serves queries. */
type Process = (query: string, mostPastSamples?: number) => Promise<Answer>;

function processOver(source: Source, { clock, goOn }: Clocked): Process {
  const wait = async (milliseconds: number): Promise<void> => goOn(milliseconds);
  const options = { source, clock, wait, timeoutMilliseconds: 5_000 };
  const usual = new Sampler(options);
  return (query, mostPastSamples) =>
    ask({
      source,
      query,
      sampler: mostPastSamples === undefined ? usual : new Sampler({ ...options, mostPastSamples }),
    });
}

/** Two processes whose source another one reads. */
async function processesOver(host: Clocked): Promise<readonly Process[]> {
  const kept = new KeptPast(host.source, { clock: host.clock, holding: defaultHoldingLimits });
  const shared = shareReads(kept, { clock: host.clock, windowMilliseconds: 0 });
  return Promise.all(
    [1, 2].map(async () => {
      const { owner, client } = await openChannel();
      onTestFinished(() => void client.destroy());
      serveSource(shared, owner, kept);
      return processOver(remoteSource(client, host.source), host);
    }),
  );
}

const parts =
  'at interval { seconds reset } counters { hypercalls totalRunTime } deltas { hypercalls } rates { hypercalls totalRunTime }';
const historyOf = (args = ''): string => `{
  hypervisor { history${args} { at counters { partitions } } logicalProcessorTotals { history${args} { of readable at rates { totalRunTime } } } }
  partitions: hypervisor { partitions { nodes { history${args} { at counters { virtualProcessors } }
    virtualProcessors { history${args} { ${parts} } } virtualProcessorTotals { history${args} { of readable ${parts} } } } } }
}`;
const present = `{ hypervisor { counters { partitions } logicalProcessors { counters { totalRunTime } }
  partitions { nodes { counters { virtualProcessors } virtualProcessors { counters { hypercalls } } } } } }`;

async function simulator(): Promise<Clocked> {
  const clock = new ManualClock();
  const source = await openSource('simulator?lps=3&partitions=3&vps=2', { clock });
  return { source, clock, goOn: (milliseconds) => clock.advance(milliseconds) };
}

async function capture(): Promise<Clocked> {
  const host = await simulator();
  const out = `${scratchFolder()}/host.tar`;
  const writer = await captureWriter(out);
  for (let frame = 0; frame < 20; frame += 1) {
    await writer.writeFrame(await takeSnapshot(host.source, never));
    host.goOn(1_000);
  }
  await writer.finish();
  const source = await openSource(`capture:${out}`, { clock: host.clock });
  onTestFinished(() => source.close());
  return { ...host, source };
}

describe.each([
  ['the simulator', simulator],
  [
    'a source without pages',
    async () => {
      const host = await simulator();
      return { ...host, source: pageless(host.source) };
    },
  ],
  ['a capture', capture],
] as const)('the history of %s that another process reads', (_title, open) => {
  it.each(['', '(last: "5s")', '(step: "3s")', '(last: "9s", step: "2s")'])(
    'is the same in both processes, whichever has caused the readings, with "%s"',
    async (args) => {
      const host = await open();
      const processes = await processesOver(host);
      const [one, other] = processes;
      for (let second = 0; second < 12; second += 1) {
        await processes[second % 2]?.(present);
        host.goOn(1_000);
      }
      const [answer, same] = [await one?.(historyOf(args)), await other?.(historyOf(args))];
      expect(answer?.errors).toBeUndefined();
      expect(same).toEqual(answer);
      const samples = answer?.data.partitions.partitions.nodes[1].virtualProcessors[0].history;
      expect(samples.length).toBeGreaterThan(2);
      expect(samples.at(-1).deltas.hypercalls).toMatch(/^\d+$/);
      expect(samples.at(-1).interval.reset).toBe(false);
    },
  );
});

describe('a history that another process stores', () => {
  it('equals the history of a process that reads everything itself', async () => {
    const host = await simulator();
    const [other] = await processesOver(host);
    const alone = processOver(host.source, host);
    for (let second = 0; second < 8; second += 1) {
      // At the same moment, as the clock stands still.
      await other?.(present);
      await alone(present);
      host.goOn(1_000);
    }
    for (const args of ['', '(last: "4s")', '(step: "2s")'])
      expect(await other?.(historyOf(args))).toEqual(await alone(historyOf(args)));
  });

  it('includes percentage clocks and reading times of Windows', async () => {
    const clock = new ManualClock();
    const host = new RecordedHost('23h2');
    const source = await openSource(`windows?powershell=${host.executable}`, { clock });
    onTestFinished(() => source.close());
    const goOn = (milliseconds: number): void => clock.advance(milliseconds);
    const windows = { source, clock, goOn };
    const [other] = await processesOver(windows);
    const alone = processOver(source, windows);
    const query = '{ hypervisor { logicalProcessors { counters { totalRunTime } } } }';
    for (let n = 0; n < 2; n += 1) {
      await other?.(query);
      await alone(query);
      goOn(2_000);
      host.play(1);
    }
    const past =
      '{ hypervisor { logicalProcessors { history { rates { totalRunTime } interval { from to } } } } }';
    const answer = await alone(past);
    expect(answer.data.hypervisor.logicalProcessors[0].history.at(-1).rates.totalRunTime).toBeGreaterThan(0);
    expect(await other?.(past)).toEqual(answer);
  });

  it('contains nothing from before an absence of the object, whichever process has noticed it', async () => {
    const source = new FakeSource();
    const all = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
    const goOn = (milliseconds: number): void => void (source.milliseconds += milliseconds);
    const [one, other] = await processesOver({ source, clock: source, goOn });
    const secondsIn = async (process: Process | undefined): Promise<number[]> => {
      const answer = await process?.('{ partition(id: 5) { history { at } } }');
      return answer?.data.partition.history.map(
        ({ at }: { at: string }) => new Date(at).getUTCSeconds() - 20,
      );
    };
    source.partitions = all;
    for (let second = 0; second < 3; second += 1) {
      await one?.(present);
      goOn(1_000);
    }
    expect(await secondsIn(other)).toEqual([0, 1, 2]);
    source.partitions = all.slice(0, 1);
    await one?.(present);
    source.partitions = all;
    goOn(1_000);
    expect(await secondsIn(other)).toEqual([]);
    await other?.(present);
    expect(await secondsIn(one)).toEqual([4]);
  });

  it('is refused if it would have too many samples', async () => {
    const host = await simulator();
    const [one] = await processesOver(host);
    for (let second = 0; second < 4; second += 1) {
      await one?.(present);
      host.goOn(1_000);
    }
    const query = '{ hypervisor { logicalProcessors { history { at } } } }';
    expect((await one?.(query, 12))?.errors).toBeUndefined();
    expect(await one?.(query, 11)).toMatchObject({
      errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 11, actual: 12 } }],
    });
  });

  it('includes page folders, which each process reads itself', async () => {
    const clock = new ManualClock();
    const path = copyOfFixture('small-host');
    const pages = (): Promise<Source> => openSource(`pages:${path}`, { clock });
    const goOn = (milliseconds: number): void => clock.advance(milliseconds);
    const kept = new KeptPast(await pages(), { clock, holding: defaultHoldingLimits });
    const shared = shareReads(kept, { clock, windowMilliseconds: 0 });
    const [one, other] = await Promise.all(
      [1, 2].map(async () => {
        const { owner, client } = await openChannel();
        serveSource(shared, owner, kept);
        const own = await pages();
        const source = sharePast(own, remoteSource(client, own), steadyClockOf(clock));
        onTestFinished(() => source.close());
        return processOver(source, { source, clock, goOn });
      }),
    );
    const past =
      '{ hypervisor { logicalProcessor(index: 0) { history { at } } logicalProcessorTotals { history { of readable } } } }';
    for (let second = 0; second < 6; second += 1) {
      const process = [one, other][second % 2];
      await process?.(present);
      // What it has read is sent before its question.
      expect((await process?.(past))?.data.hypervisor.logicalProcessor.history).toHaveLength(second + 1);
      goOn(1_000);
    }
    const answer = await one?.(past);
    expect(answer?.data.hypervisor.logicalProcessorTotals.history).toHaveLength(6);
    expect(await other?.(past)).toEqual(answer);
  });

  it('is buffered for at most two frames if a process receives it slowly', async () => {
    const host = await simulator();
    const objects = Array.from(
      { length: 64 },
      (_, index) => ({ object: 'VIRTUAL_PROCESSOR', partitionId: 1n, index }) as const,
    );
    const { at } = await host.source.read([], never);
    // Each differs from the one before in every counter, so that there are some 20 MB.
    const pages = [0, 1].map((n) =>
      encodeCounters('VIRTUAL_PROCESSOR', ({ slot }) => 0x0123_4567_89ab_cdefn * BigInt(n * 7 + slot)),
    );
    const samples = Array.from({ length: 400 }, (_, milliseconds) => ({
      snapshot: { at, milliseconds },
      reading: () =>
        decodePage(pages[milliseconds % 2] ?? Buffer.alloc(0), {
          object: 'VIRTUAL_PROCESSOR',
          place: 'a page',
        }),
    }));
    const past = async (questions: readonly PastQuestion[]) =>
      questions.map((question) => question.objects.map(() => ({ before: null, samples })));
    const { owner, client } = await openChannel();
    onTestFinished(() => void client.destroy());
    serveSource({ ...host.source, past }, owner);
    const remote = remoteSource(client, host.source);
    client.pause();
    const asked = { most: 100_000, isReset: () => false, signal: never };
    const answer = remote.past([{ objects, last: null, step: null }], asked);
    await until(() => owner.writableNeedDrain);
    let most = 0;
    for (let n = 0; n < 100; n += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, owner.writableLength);
    }
    expect(most).toBeLessThan(4_000_000);
    client.resume();
    const [pasts] = await answer;
    expect(pasts?.map((each) => each.samples.length)).toEqual(objects.map(() => 400));
  });
});
