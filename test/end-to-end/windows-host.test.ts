/** The service in front of a Windows host that plays a recording. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning, RecordedHost, until } from '../source/windows/recorded-host.ts';
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
  it.each(['2019', '23h2'] as const)('of %s answers the example operations unchanged', async (release) => {
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
  });

  it('has rates by the clocks of its samples', async () => {
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
      totalRunTime: (grown('PercentTotalRunTime') * 100 * 100) / 2e9,
      interval: { seconds: 2 },
    });
  });

  it.each(
    Object.entries(transports).flatMap(([transport, watch]) =>
      [1, 2].map((workers) => ({ transport, watch, workers })),
    ),
  )(
    'has live rates by the clock of each class over $transport, with $workers process(es) that serve',
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
      const percent = (runTime: number, seconds: number): number => (runTime * 100 * 100) / (seconds * 1e9);
      expect(logicalProcessor).toEqual({
        rates: {
          contextSwitches: switches / 2,
          totalRunTime: percent(grown(['LogicalProcessor', 'Hv LP 1', 'PercentTotalRunTime']), 2),
          interval: { seconds: 2 },
        },
        deltas: { contextSwitches: String(switches) },
      });
      const ofVirtual = grown(['RootVirtualProcessor', 'Root VP 0', 'PercentTotalRunTime']);
      expect(partition.virtualProcessor.rates).toEqual({
        totalRunTime: percent(ofVirtual, 2.5),
        interval: { seconds: 2.5 },
      });
      // However many serve, one reads.
      expect(host.starts()).toHaveLength(1);
      watcher.stop();
    },
  );

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'is left without a PowerShell when the service ends by %s',
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

/** In the second look the class of the root's virtual processors comes half a second later, as on a busy host. */
function laterClass(text: string): string {
  const [first = '', second = ''] = text.trim().split('\n');
  return `${first}\n${second.replaceAll('"81234588020123"', '"81234593020123"')}\n`;
}
