/** Thousands of streams over both transports side by side: does every one of them get every tick, and in time? */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { processFigures, type ProcessFigures } from './process-figures.ts';
import { forkStreams, order, untilMoment } from './stream-client.ts';
import type { TransportName } from './stream-process.ts';
import type { TallyResult } from './stream-tally.ts';
import { table } from './table.ts';
import { until } from '../until.ts';

/** The number of streams, and the duration. */
export interface SideBySideOptions {
  /** Over each of the transports. */
  readonly streams: number;
  readonly seconds: number;
}

const everyMilliseconds = 1_000;
/** 16 logical processors × 5 rates. */
const query = `subscription { hypervisor(every: "1s") { sampledAt logicalProcessors { rates {
  totalRunTime hypervisorRunTime contextSwitches hardwareInterrupts timerInterrupts
} } } }`;
const transports: readonly TransportName[] = ['SSE', 'WebSocket'];
const main = fileURLToPath(new URL('../../dist/bundle/hvql.mjs', import.meta.url));

/** Runs it and prints its table; false if a tick was missed or an error occurred. */
export async function sideBySide({ streams, seconds }: SideBySideOptions): Promise<boolean> {
  const children: ChildProcess[] = [];
  try {
    const service = await startService(streams * transports.length);
    children.push(service.child);
    const { pid = 0 } = service.child;
    const before = processFigures(pid);
    const clients = transports.map((transport) => {
      const child = forkStreams();
      children.push(child);
      return { transport, child };
    });
    const { port, token } = service;
    const opened = await Promise.all(
      clients.map(({ transport, child }) =>
        order(child, { kind: 'open', transport, streams, port, token, queries: [query] }),
      ),
    );
    const settled = processFigures(pid);
    // Half a tick away from the ticks, so that each falls well into a slot of its own.
    const phase = Math.max(
      ...opened.map((answer) => (answer.kind === 'opened' ? answer.newestSampledAt : 0)),
    );
    const from = phase + everyMilliseconds * 1.5;
    const window = { from, ticks: seconds, everyMilliseconds };
    for (const { child } of clients) await order(child, { kind: 'count', window });
    await untilMoment(from);
    const atStart = processFigures(pid);
    await untilMoment(from + seconds * everyMilliseconds);
    const atEnd = processFigures(pid);
    // Late events are late, not missed.
    await untilMoment(from + seconds * everyMilliseconds + 3_000);
    const results = await Promise.all(
      clients.map(async ({ transport, child }) => {
        const answer = await order(child, { kind: 'report' });
        if (answer.kind !== 'result') throw new Error('a client process has lost its count');
        return { transport, result: answer.result };
      }),
    );
    print(results);
    const all = streams * transports.length;
    const cpu = ((atEnd.processorSeconds - atStart.processorSeconds) / seconds) * 100;
    const perStream = (atEnd.residentKilobytes - before.residentKilobytes) / all;
    const opening = opened.map((answer) => (answer.kind === 'opened' ? answer.seconds.toFixed(1) : '?'));
    process.stdout.write(
      [
        '',
        `${streams} streams each were opened in ${opening.join(' s and ')} s (${(settled.processorSeconds - before.processorSeconds).toFixed(1)} s of a processor).`,
        `The service took ${cpu.toFixed(1)} % of a processor and ${perStream.toFixed(1)} KB a stream`,
        `(${megabytes(before)} before, ${megabytes(atStart)} with all of them open, ${megabytes(atEnd)} at the end).`,
        '',
      ].join('\n'),
    );
    service.child.kill('SIGTERM');
    const [code] = (await once(service.child, 'exit')) as [number | null];
    if (code !== 0) process.stdout.write(`The service exited with ${code}.\n`);
    const complaints = service.complaints();
    for (const line of complaints.slice(0, 5)) process.stdout.write(`The service complained: ${line}\n`);
    return code === 0 && complaints.length === 0 && results.every(({ result }) => isFlawless(result));
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function print(results: readonly { transport: string; result: TallyResult }[]): void {
  const errorsOf = ({ errors }: TallyResult): number =>
    Object.values(errors).reduce((sum, count) => sum + count, 0);
  const head = 'transport,streams,events,expected,missed ticks,surplus,errors,lag p50 ms,p99,max'.split(',');
  const rows = results.map(({ transport, result }) => {
    const { p50, p99, max } = result.lagMilliseconds;
    const { streams, events, expected, missed, surplus } = result;
    const lags = [p50, p99, max].map((lag) => Number(lag.toFixed(1)));
    return [transport, streams, events, expected, missed, surplus, errorsOf(result), ...lags];
  });
  process.stdout.write(`${table([head, ...rows])}\n`);
  for (const { transport, result } of results) {
    for (const [what, count] of Object.entries(result.errors).slice(0, 5)) {
      process.stdout.write(`${transport}: ${count} × ${what}\n`);
    }
  }
}

function megabytes({ residentKilobytes }: ProcessFigures): string {
  return `${(residentKilobytes / 1024).toFixed(0)} MB`;
}

function isFlawless({ missed, surplus, errors }: TallyResult): boolean {
  return missed === 0 && surplus === 0 && Object.keys(errors).length === 0;
}

interface SoakedService {
  readonly child: ChildProcess;
  readonly port: number;
  readonly token: string;
  /** What it said at level warn and above. */
  complaints(): string[];
}

async function startService(streams: number): Promise<SoakedService> {
  const limits = ['--max-streams', String(streams), '--max-streams-per-caller', String(streams)];
  const args = [main, 'serve', '--port', '0', '--source', 'simulator?seed=1&lps=16', ...limits];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let service: SoakedService | null = null;
  await until(() => {
    const port = /^hvql listening on http:\/\/127\.0\.0\.1:(\d+)/m.exec(stdout)?.[1];
    const token = /^Token of the root.*: (\S+)$/m.exec(stderr)?.[1];
    if (port !== undefined && token !== undefined) {
      const complaints = (): string[] => stderr.split('\n').filter((line) => /^\{"level":[456]0/.test(line));
      service = { child, port: Number(port), token, complaints };
    }
    if (child.exitCode !== null) throw new Error(`the service did not start: ${stderr}`);
    return service !== null;
  });
  return service as unknown as SoakedService;
}
