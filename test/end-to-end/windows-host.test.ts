/** The service in front of a Windows host that plays a recording. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { record } from '../../src/cli/commands/record.ts';
import { openSource } from '../../src/source/sources.ts';
import { CommandOnTrial } from '../cli/command-on-trial.ts';
import { scratchFolder } from '../source/scratch.ts';
import { isRunning, RecordedHost } from '../source/windows/recorded-host.ts';
import { until } from '../until.ts';
import { post, serve, type Served } from './program.ts';
import { transports } from './watcher.ts';

const folder = new URL('../../schema/operations/', import.meta.url);
const operations = readdirSync(folder).filter((file) => !file.includes('-live-'));

async function serveHost(host: RecordedHost, flags: readonly string[] = []): Promise<Served> {
  const served = await serve(['--source', `windows?powershell=${host.executable}`, ...flags]);
  onTestFinished(async () => {
    await served.program.stop('SIGKILL');
  });
  return served;
}

describe('a Windows host', () => {
  it.each(['2019', '23h2'] as const)(
    'of release %s runs the example operations unchanged',
    async (release) => {
      const host = new RecordedHost(release);
      const { url, tokens } = await serveHost(host);
      const [token] = tokens;
      for (const file of operations) {
        const query = readFileSync(new URL(file, folder), 'utf8');
        const { data, errors } = await post(url, { token, query });
        expect(errors, file).toBeUndefined();
        expect(data, file).toBeTruthy();
      }
      expect(host.starts()).toHaveLength(1);
    },
  );

  it('computes counts by the clock of its samples, and percentages by the clock of each percentage', async () => {
    const host = new RecordedHost();
    const { url, tokens } = await serveHost(host);
    const ask = (query: string) => post(url, { token: tokens[0], query });
    const read = '{ hypervisor { logicalProcessor(index: 1) { counters { contextSwitches globalTime } } } }';
    expect(await ask(read)).toEqual({
      data: {
        hypervisor: {
          logicalProcessor: {
            counters: {
              contextSwitches: String(
                host.recorded(0, ['LogicalProcessor', 'Hv LP 1', 'ContextSwitchesPersec']),
              ),
              globalTime: null,
            },
          },
        },
      },
    });
    // Between its two readings the answer waits for a second: by then the host has gone on by two.
    const rates = ask(
      '{ hypervisor { logicalProcessor(index: 1) { rates(over: "2s") { contextSwitches totalRunTime interval { seconds } } } } }',
    );
    await until(() => host.questions().length > 1);
    host.play(1);
    const grown = (property: string): number =>
      Number(
        host.recorded(1, ['LogicalProcessor', 'Hv LP 1', property]) -
          host.recorded(0, ['LogicalProcessor', 'Hv LP 1', property]),
      );
    expect((await rates).data.hypervisor.logicalProcessor.rates).toEqual({
      contextSwitches: grown('ContextSwitchesPersec') / 2,
      totalRunTime: (grown('PercentTotalRunTime') * 100) / grown('PercentTotalRunTime_Base'),
      interval: { seconds: 2 },
    });
  });

  it.each(
    Object.entries(transports).flatMap(([transport, watch]) =>
      [1, 2].map((workers) => ({ transport, watch, workers })),
    ),
  )(
    'has event rates by the clock of each class over $transport, with $workers serving process(es)',
    async ({ watch, workers }) => {
      const host = new RecordedHost();
      host.rewrite(laterClass);
      const { url, tokens } = await serveHost(host, ['--workers', String(workers)]);
      const root = (await post(url, { token: tokens[0], query: '{ hypervisor { sampledAt } }' })).data;
      expect(root).toBeTruthy();
      const fields = 'totalRunTime interval { seconds }';
      const watcher = watch({
        url,
        token: tokens[0],
        query: `subscription {
          hypervisor(every: "100ms") {
            logicalProcessor(index: 1) { rates { contextSwitches ${fields} } deltas { contextSwitches } }
            partition(id: 1) { virtualProcessor(index: 0) { rates { ${fields} } } }
          }
        }`,
      });
      const { data, errors } = await watcher.event(0);
      expect(errors).toBeUndefined();
      expect(data.hypervisor.logicalProcessor.rates).toBeNull();
      host.play(1);
      const secondsOf = (event: any): number =>
        event.data.hypervisor.logicalProcessor.rates?.interval.seconds;
      await watcher.until(({ events }) => events.some((event) => secondsOf(event) > 0));
      const { logicalProcessor, partition } = watcher.events.find((event) => secondsOf(event) > 0).data
        .hypervisor;
      const grown = (instance: readonly [string, string, string]): number =>
        Number(host.recorded(1, [...instance]) - host.recorded(0, [...instance]));
      const switches = grown(['LogicalProcessor', 'Hv LP 1', 'ContextSwitchesPersec']);
      // By the clock that comes with each of them: it has gone on by 1.5 s.
      const percent = (runTime: number): number => (runTime * 100) / 15_000_000;
      expect(logicalProcessor).toEqual({
        rates: {
          contextSwitches: switches / 2,
          totalRunTime: percent(grown(['LogicalProcessor', 'Hv LP 1', 'PercentTotalRunTime'])),
          interval: { seconds: 2 },
        },
        deltas: { contextSwitches: String(switches) },
      });
      const ofVirtual = grown(['RootVirtualProcessor', 'Root VP 0', 'PercentTotalRunTime']);
      expect(partition.virtualProcessor.rates).toEqual({
        totalRunTime: percent(ofVirtual),
        interval: { seconds: 2.5 },
      });
      // However many serve, one reads.
      expect(host.starts()).toHaveLength(1);
      watcher.stop();
    },
  );

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'is left without a PowerShell process when the service ends by %s',
    async (signal) => {
      const host = new RecordedHost();
      const { program, url, tokens } = await serveHost(host);
      await post(url, { token: tokens[0], query: '{ hypervisor { sampledAt } }' });
      const pid = Number(host.starts()[0]?.pid);
      expect(isRunning(pid)).toBe(true);
      await program.stop(signal);
      await until(() => !isRunning(pid));
    },
  );
});

/** What is asked of the host whose percentages have another clock than its samples, over this time. */
const ownClockQuestion = (over: string): string => `{ hypervisor {
  logicalProcessors { index rates(over: "${over}") { totalRunTime contextSwitches interval { seconds reset } } }
  logicalProcessorTotals { rates(over: "${over}") { totalRunTime contextSwitches } }
  partitions { nodes {
    name
    virtualProcessors { rates(over: "${over}") { totalRunTime hypercalls interval { seconds } } }
    virtualProcessorTotals { rates(over: "${over}") { totalRunTime } }
  } }
} }`;

/** 2.0 s by the clock of the percentages, 2.5 s by that of the samples. */
const ownClockAnswer = {
  hypervisor: {
    logicalProcessors: [
      { index: 0, rates: { totalRunTime: 50, contextSwitches: 8, interval: { seconds: 2.5, reset: false } } },
      {
        index: 70,
        rates: { totalRunTime: 100, contextSwitches: 8, interval: { seconds: 2.5, reset: false } },
      },
    ],
    logicalProcessorTotals: { rates: { totalRunTime: 75, contextSwitches: 16 } },
    partitions: {
      nodes: [
        {
          name: 'Root',
          virtualProcessors: [{ rates: { totalRunTime: 50, hypercalls: null, interval: { seconds: 2.5 } } }],
          virtualProcessorTotals: { rates: { totalRunTime: 50 } },
        },
        {
          name: 'web',
          virtualProcessors: [{ rates: { totalRunTime: 100, hypercalls: 400, interval: { seconds: 2.5 } } }],
          virtualProcessorTotals: { rates: { totalRunTime: 100 } },
        },
      ],
    },
  },
};

/** Whether the first frame has been read, not only listed. */
function hasRead(host: RecordedHost): boolean {
  return host.questions().some((classes) => classes['LogicalProcessor']?.includes('PercentTotalRunTime'));
}

describe('a Windows host whose percentages have a different clock than its samples', () => {
  it.each([1, 2])('computes percentages by their own clock, with %d serving process(es)', async (workers) => {
    const host = new RecordedHost('own-clock');
    const { url, tokens } = await serveHost(host, ['--workers', String(workers)]);
    const token = tokens[0];
    const answer = post(url, { token, query: ownClockQuestion('2s') });
    await until(() => hasRead(host));
    host.play(1);
    expect(await answer).toEqual({ data: ownClockAnswer });
  });

  it('computes percentages by the clock of the samples if their own is missing', async () => {
    const host = new RecordedHost('own-clock');
    host.rewrite((text) => text.replaceAll('PercentTotalRunTime_Base', 'SomethingElse'));
    const { url, tokens } = await serveHost(host);
    const answer = post(url, { token: tokens[0], query: ownClockQuestion('2s') });
    await until(() => hasRead(host));
    host.play(1);
    const { hypervisor } = (await answer).data;
    const shares = hypervisor.logicalProcessors.map(({ rates }: any) => rates.totalRunTime);
    expect(shares).toEqual([40, 80]);
    expect(hypervisor.logicalProcessorTotals.rates.totalRunTime).toBe(60);
  });

  it.each(Object.entries(transports))('orders processors by these percentages over %s', async (_, watch) => {
    const host = new RecordedHost('own-clock');
    // Processor 70 has run for 2 s of 8 by its clock, processor 0 for 1 s of 2.
    host.rewrite((text) => text.replace('"70000000","1020000000"', '"70000000","1080000000"'));
    const { url, tokens } = await serveHost(host);
    const watcher = watch({
      url,
      token: tokens[0],
      query: `subscription { hypervisor(every: "100ms") {
        logicalProcessors(orderBy: { counter: TOTAL_RUN_TIME }) { index rates { totalRunTime interval { seconds } } }
      } }`,
    });
    await watcher.event(0);
    host.play(1);
    const grown = ({ data }: any) => data.hypervisor.logicalProcessors[0].rates?.interval.seconds > 0;
    await watcher.until(({ events }) => events.some(grown));
    expect(watcher.events.find(grown).data.hypervisor.logicalProcessors).toEqual([
      { index: 0, rates: { totalRunTime: 50, interval: { seconds: 2.5 } } },
      { index: 70, rates: { totalRunTime: 25, interval: { seconds: 2.5 } } },
    ]);
    watcher.stop();
  });

  it.each(['host.tar', 'host'])(
    'is recorded to %s with both clocks, and plays back with the same values',
    async (name) => {
      const host = new RecordedHost('own-clock');
      const recording = new CommandOnTrial();
      recording.afterWait = () => host.play(1);
      const source = await openSource(`windows?powershell=${host.executable}`, recording);
      const out = `${scratchFolder()}/${name}`;
      expect(await record({ source, every: 2_500, for: 2_500, out }, recording)).toBe(0);
      await source.close();
      const { program, url, tokens } = await serve(['--source', `capture:${out}`]);
      onTestFinished(async () => {
        await program.stop('SIGKILL');
      });
      expect(await post(url, { token: tokens[0], query: ownClockQuestion('2600ms') })).toEqual({
        data: ownClockAnswer,
      });
    },
  );
});

/** In the second reading the class of the root's virtual processors comes half a second later, as on a busy host. */
function laterClass(text: string): string {
  const [first = '', second = ''] = text.trim().split('\n');
  return `${first}\n${second.replaceAll('"81234588020123"', '"81234593020123"')}\n`;
}
