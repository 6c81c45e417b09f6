/** What many subscribers cost: missed ticks, lag, time on a processor, memory, for each transport. */
import type { ChildProcess } from 'node:child_process';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { isTotal } from '../../src/catalogue/counter.ts';
import { processFigures } from '../soak/process-figures.ts';
import { forkStreams, order, until } from '../soak/stream-client.ts';
import type { TransportName } from '../soak/stream-process.ts';
import { table } from '../soak/table.ts';
import { rootToken } from './root-token.ts';
import { startServer, type RunningServer } from './running-server.ts';

/** How many streams, one run for each number, and for how long they are watched. */
export interface StreamsOptions {
  readonly streams: readonly number[];
  readonly seconds: number;
  readonly tell: (what: string) => void;
}

interface Case {
  readonly transport: TransportName;
  readonly streams: number;
  /** Different ones, which the streams have by turns. */
  readonly selections: number;
  readonly seconds: number;
}

const secret = 'a secret of the benchmark, which opens nothing else than that: 0123456789';
const everyMilliseconds = 1_000;
const fieldsEach = 5;
const columns =
  'streams,over,selections,missed,errors,lag p50 ms,p99,max,processor %,KB a stream,opened in s'.split(',');

/** Runs all cases, each with a service of its own, and gives the table. */
export async function streamsText({ streams, seconds, tell }: StreamsOptions): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const selections of [1, 100]) {
    for (const count of streams) {
      for (const transport of ['SSE', 'WebSocket'] as const) {
        const row = await runCase({ transport, streams: count, selections, seconds });
        rows.push(row);
        tell(row.join('  '));
      }
    }
  }
  return [
    `16 logical processors × ${fieldsEach} rates each second, ${seconds} s. Lag is from the look to the client's process, which`,
    'shares the machine. Memory is the growth of the process, divided by the streams.',
    '',
    table([columns, ...rows]),
    '',
    'To reach at 10,000: nothing missed, p99 ≤ 130 ms, ≤ 20 KB; ≤ 15 % for one selection, ≤ 30 % for 100.',
    '',
  ].join('\n');
}

/** So many subscriptions that differ in what they select. */
export function selectionsOf(count: number): string[] {
  const fields = countersOf('LOGICAL_PROCESSOR')
    .filter(isTotal)
    .map(({ field }) => field);
  const found: string[] = [];
  // Five in a row, with growing gaps: all of them differ as sets, not only in their order.
  for (const set of combinations(fields, fieldsEach)) {
    if (found.length === count) break;
    found.push(
      `subscription { hypervisor(every: "1s") { sampledAt logicalProcessors { rates { ${set.join(' ')} } } } }`,
    );
  }
  return found;
}

function* combinations(fields: readonly string[], size: number): Generator<string[]> {
  if (size === 0) yield [];
  else {
    for (const [n, field] of fields.entries()) {
      for (const rest of combinations(fields.slice(n + 1), size - 1)) yield [field, ...rest];
    }
  }
}

async function runCase(parts: Case): Promise<(string | number)[]> {
  const { streams } = parts;
  const limits = ['--max-streams', `${streams}`, '--max-streams-per-caller', `${streams}`];
  const source = 'simulator?seed=1&lps=16';
  const server = await startServer({
    file: null,
    args: ['serve', '--port', '0', '--source', source, '--log-level', 'error', ...limits],
    env: { HVQL_JWT_SECRET: secret },
  });
  const child = forkStreams();
  try {
    return await watch(parts, { server, child });
  } finally {
    child.kill('SIGKILL');
    await server.stop();
  }
}

async function watch(
  { transport, streams, selections, seconds }: Case,
  { server, child }: { server: RunningServer; child: ChildProcess },
): Promise<(string | number)[]> {
  const before = processFigures(server.pid);
  const opened = await order(child, {
    kind: 'open',
    transport,
    streams,
    port: Number(new URL(server.url).port),
    token: await rootToken(secret),
    queries: selectionsOf(selections),
  });
  if (opened.kind !== 'opened') throw new Error('a client process has lost its streams');
  // Half a tick away from the ticks, so that each falls well into a slot of its own.
  const from = opened.newestSampledAt + everyMilliseconds * 1.5;
  await order(child, { kind: 'count', window: { from, ticks: seconds, everyMilliseconds } });
  await until(from);
  const atStart = processFigures(server.pid);
  await until(from + seconds * everyMilliseconds);
  const atEnd = processFigures(server.pid);
  // Late events are late, not missed.
  await until(from + seconds * everyMilliseconds + 3_000);
  const report = await order(child, { kind: 'report' });
  if (report.kind !== 'result') throw new Error('a client process has lost its count');
  const { missed, errors, lagMilliseconds } = report.result;
  const { p50, p99, max } = lagMilliseconds;
  return [
    streams,
    transport,
    selections,
    missed,
    Object.values(errors).reduce((sum, count) => sum + count, 0),
    ...[p50, p99, max].map((lag) => rounded(lag, 1)),
    rounded(((atEnd.processorSeconds - atStart.processorSeconds) / seconds) * 100, 1),
    rounded((atEnd.residentKilobytes - before.residentKilobytes) / streams, 1),
    rounded(opened.seconds, 1),
  ];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
