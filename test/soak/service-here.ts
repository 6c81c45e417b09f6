/** The whole service, as its command makes it, in this process. */
import { pino } from 'pino';
import { serve } from '../../src/cli/commands/serve.ts';
import { parseCommand } from '../../src/cli/settings/settings.ts';
import { systemWait } from '../../src/cli/command-context.ts';
import { systemClock } from '../../src/snapshot/moment.ts';

/** A service in this process. */
export interface ServiceHere {
  readonly port: number;
  /** The root's. */
  readonly token: string;
  /** Shuts down as on SIGTERM. Rejects if the service has logged errors, except for clients that do not read. */
  close(): Promise<void>;
}

/** Starts it. */
export async function startServiceHere(): Promise<ServiceHere> {
  const args = [
    '--port',
    '0',
    '--source',
    'simulator?seed=1&lps=256&partitions=8&vps=4',
    // So little that it is full soon, and does not snapshot as if it were left behind by visitors.
    '--history-bytes',
    '1MB',
    '--log-level',
    'warn',
  ];
  const command = parseCommand(['serve', ...args], {});
  if (command.name !== 'serve') throw new TypeError('serve is another command');
  const controller = new AbortController();
  const complaints: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => complaints.push(line) });
  let [stdout, stderr] = ['', ''];
  let isListening: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => (isListening = resolve));
  const done = serve(command.settings, {
    clock: systemClock,
    wait: systemWait,
    stdout: {
      write: (text: string) => {
        stdout += text;
        isListening();
      },
    },
    stderr: { write: (text: string) => (stderr += text) },
    signal: controller.signal,
    platform: process.platform,
    onReopen: () => () => undefined,
    log,
  });
  await Promise.race([listening, done]);
  return {
    port: Number(/:(\d+)\/graphql/.exec(stdout)?.[1]),
    token: /^Token of the root.*: (\S+)$/m.exec(stderr)?.[1] ?? '',
    close: async () => {
      controller.abort();
      const code = await done;
      if (code !== 0 || complaints.length > 0) throw new Error(`exit code ${code}: ${complaints.join('')}`);
    },
  };
}

/** A megabyte of readings of all logical processors, each snapshot at another moment. */
const snapshots = 25;
const apartMilliseconds = 260;

/** Fills the memory that the service keeps for past readings. */
export async function fillHeldReadings({ port, token }: ServiceHere): Promise<void> {
  for (let snapshot = 0; snapshot < snapshots; snapshot += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, connection: 'close' },
      body: JSON.stringify({ query: '{ hypervisor { logicalProcessors { counters { totalRunTime } } } }' }),
    });
    await response.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, apartMilliseconds));
  }
}
