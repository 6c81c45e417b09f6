/** What many subscribers cost: missed ticks, lag, time on a processor, memory, for each transport. */
import type { ChildProcess } from 'node:child_process';
import { countersInPages } from '../../src/catalogue/catalogue.ts';
import { isTotal } from '../../src/catalogue/counter.ts';
import { processFigures } from '../soak/process-figures.ts';
import { forkStreams, order, untilMoment } from '../soak/stream-client.ts';
import type { TransportName } from '../soak/stream-process.ts';
import type { TallyResult } from '../soak/stream-tally.ts';
import { table } from '../soak/table.ts';
import { currentBuild, type Build } from './build.ts';
import { processorMilliseconds } from './processor-time.ts';
import { canPin, pin, processors } from './processors.ts';
import { rootToken } from './root-token.ts';
import { startServer, type RunningServer } from './running-server.ts';

/** How many streams, one run for each number, and for how long they are watched. */
export interface StreamsOptions {
  readonly streams: readonly number[];
  readonly seconds: number;
  readonly tell: (what: string) => void;
}

/** Whose streams they are: those of a build of the service, or of a server that does nothing else than writing them. */
type Subject = Build | 'bare';

/** Streams of one kind. */
export interface StreamsCase {
  readonly subject: Subject;
  readonly transport: TransportName;
  readonly streams: number;
  /** Different ones, which the streams have in turn. */
  readonly selections: number;
  readonly seconds: number;
}

const secret = 'a secret of the benchmark, which opens nothing else than that: 0123456789';
const everyMilliseconds = 1_000;
const fieldsEach = 5;
/** For how many ticks the first streams stay, and how long their memory may take to be given back. */
const warmingTicks = 3;
/** Descriptors that a process needs beside its streams. */
const otherFiles = 500;
const columns =
  'server,streams,over,selections,processes,missed,errors,lag mean ms,p50,p99,max,processor %,KB a stream,opened in s'.split(
    ',',
  );

/** Runs all cases, each with a service of its own, and gives the table. */
export async function streamsText({ streams, seconds, tell }: StreamsOptions): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const count of streams) {
    for (const transport of ['SSE', 'WebSocket'] as const) {
      for (const [subject, selections] of cases) {
        if (selections > 1 && count > mostSpread) continue;
        const parts = { subject, transport, streams: count, selections, seconds };
        const row = rowOf(parts, await runStreams(parts));
        rows.push(row);
        tell(row.join('  '));
      }
    }
  }
  return [
    `16 logical processors × ${fieldsEach} rates each second, ${seconds} s. Lag is from the snapshot to the client's process, which`,
    'shares the machine. Memory is the growth of the service since a tenth of the streams have come and gone, divided by',
    `the streams. A process may have this many files open (ulimit -n): ${openFileLimit()}. Where streams need more, there`,
    'are several processes, all on one processor.',
    'bare: node:http and ws alone, one event a second made once and written to each socket; it authenticates no one,',
    'reads nothing and limits no one. What it takes here is what the machine and node take.',
    '',
    table([columns, ...rows]),
    '',
    'To reach at 10,000: nothing missed, p99 ≤ 130 ms, ≤ 20 KB; ≤ 15 % for one selection, ≤ 30 % for 100. That was set on',
    'a machine where bare had 114 ms (SSE), 113 ms (WebSocket), 17 KB, 10 % and 14 %.',
    'At 50,000 (--streams 50000): nothing missed, a mean below 1 s.',
    '',
  ].join('\n');
}

/** This many subscriptions that differ in what they select. */
export function selectionsOf(count: number): string[] {
  const fields = countersInPages('LOGICAL_PROCESSOR', 2013)
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

/** A service, and the process that has all its streams. */
interface Pair {
  readonly server: RunningServer;
  readonly child: ChildProcess;
  readonly streams: number;
}

/** Beyond that, one processor has enough to do with streams that ask the same. */
const mostSpread = 10_000;
const cases: readonly (readonly [Subject, number])[] = [
  ['bare', 1],
  [currentBuild, 1],
  [currentBuild, 100],
];

/** What such streams cost. */
export interface StreamsFigures {
  /** Servers, each with a client of its own. */
  readonly processes: number;
  readonly missed: number;
  readonly errors: number;
  /** Mean, p50, p99 and maximum, milliseconds. */
  readonly lags: readonly number[];
  readonly processorPercent: number;
  /** The growth of the resident memory since a tenth of the streams have come and gone, for each stream. */
  readonly kilobytesEach: number;
  /** The resident memory with all streams open. */
  readonly megabytes: number;
  readonly openedInSeconds: number;
}

function rowOf({ subject, streams, transport, selections }: StreamsCase, figures: StreamsFigures) {
  return [
    subject === 'bare' ? 'bare' : 'hvql',
    streams,
    transport,
    selections,
    figures.processes,
    figures.missed,
    figures.errors,
    ...figures.lags.map((lag) => rounded(lag, 1)),
    rounded(figures.processorPercent, 1),
    rounded(figures.kilobytesEach, 1),
    rounded(figures.openedInSeconds, 1),
  ];
}

/** Starts as many servers as these streams need, watches the streams, and ends the servers. */
export async function runStreams(parts: StreamsCase): Promise<StreamsFigures> {
  const pairs: Pair[] = [];
  try {
    for (const streams of shares(parts.streams)) pairs.push(await startPair(parts.subject, streams));
    if (canPin() || pairs.length > 1) pairs.forEach(keepApart);
    return await watch(parts, pairs);
  } finally {
    for (const { child } of pairs) child.kill('SIGKILL');
    await Promise.all(pairs.map(({ server }) => server.stop()));
  }
}

/** Servers on one processor, and their clients on another: they would be put on the same one at times. */
function keepApart({ server, child }: Pair): void {
  pin(server.pid, processors.server);
  if (child.pid !== undefined) pin(child.pid, processors.client);
}

/** As few as there can be, and about the same for each. */
function shares(streams: number): number[] {
  const processes = Math.ceil(streams / (openFileLimit() - otherFiles));
  const each = Math.ceil(streams / processes);
  return Array.from({ length: processes }, (_, n) => Math.min(each, streams - n * each));
}

/** The processes that this one starts inherit its limit. */
function openFileLimit(): number {
  const { userLimits } = process.report.getReport() as unknown as { userLimits?: UserLimits };
  const { soft = 'unlimited' } = userLimits?.open_files ?? {};
  return soft === 'unlimited' ? Infinity : soft;
}

interface UserLimits {
  readonly open_files?: { readonly soft: number | 'unlimited' };
}

async function startPair(subject: Subject, streams: number): Promise<Pair> {
  const server = subject === 'bare' ? await startBare() : await startHvql(subject, streams);
  return { server, child: forkStreams(), streams };
}

function startBare(): Promise<RunningServer> {
  return startServer({ file: 'bare-streams-process.ts', args: [], env: {} });
}

function startHvql({ root }: Build, streams: number): Promise<RunningServer> {
  const limits = ['--max-streams', `${streams}`, '--max-streams-per-caller', `${streams}`];
  const source = 'simulator?seed=1&lps=16';
  return startServer({
    root,
    file: null,
    args: ['serve', '--port', '0', '--source', source, '--log-level', 'error', ...limits],
    env: { HVQL_JWT_SECRET: secret },
  });
}

async function watch(
  { transport, streams, selections, seconds }: StreamsCase,
  pairs: readonly Pair[],
): Promise<StreamsFigures> {
  const token = await rootToken(secret);
  const queries = selectionsOf(selections);
  await warm(pairs, { transport, token, queries });
  const before = figuresOf(pairs);
  const opened = await Promise.all(
    pairs.map(async ({ server, child, streams: share }) => {
      const port = Number(new URL(server.url).port);
      const answer = await order(child, { kind: 'open', transport, streams: share, port, token, queries });
      if (answer.kind !== 'opened') throw new Error('a client process has lost its streams');
      return answer;
    }),
  );
  // Half a tick away from the ticks, so that each falls well into a slot of its own.
  const start = Math.max(...opened.map(({ newestSampledAt }) => newestSampledAt)) + everyMilliseconds;
  for (const [n, { child }] of pairs.entries()) {
    const phase = (opened[n]?.newestSampledAt ?? 0) + everyMilliseconds / 2;
    const from = phase + Math.ceil((start - phase) / everyMilliseconds) * everyMilliseconds;
    await order(child, { kind: 'count', window: { from, ticks: seconds, everyMilliseconds } });
  }
  await untilMoment(start);
  const atStart = figuresOf(pairs);
  await untilMoment(start + seconds * everyMilliseconds);
  const atEnd = figuresOf(pairs);
  // Late events are late, not missed.
  await untilMoment(start + seconds * everyMilliseconds + 4_000);
  const results = await Promise.all(
    pairs.map(async ({ child }) => {
      const report = await order(child, { kind: 'report' });
      if (report.kind !== 'result') throw new Error('a client process has lost its count');
      return report.result;
    }),
  );
  const errors = results.flatMap((result) => Object.values(result.errors));
  return {
    processes: pairs.length,
    missed: sum(results.map(({ missed }) => missed)),
    errors: sum(errors),
    lags: lagsOf(results),
    processorPercent: ((atEnd.processorMilliseconds - atStart.processorMilliseconds) / seconds) * 0.1,
    kilobytesEach: (atEnd.residentKilobytes - before.residentKilobytes) / streams,
    megabytes: atEnd.residentKilobytes / 1_024,
    openedInSeconds: Math.max(...opened.map(({ seconds: each }) => each)),
  };
}

/**
 * A tenth of the streams come and go. With the first streams, V8's young generation grows, by 12 MB in one build and by
 * 25 MB in another that keeps it small until it listens, and code is compiled: none of that is memory of a stream.
 */
async function warm(
  pairs: readonly Pair[],
  { transport, token, queries }: Pick<StreamsCase, 'transport'> & { token: string; queries: string[] },
): Promise<void> {
  const visitors = await Promise.all(
    pairs.map(async ({ server, streams }) => {
      const child = forkStreams();
      const port = Number(new URL(server.url).port);
      const count = Math.ceil(streams / 10);
      await order(child, { kind: 'open', transport, streams: count, port, token, queries });
      return child;
    }),
  );
  await untilMoment(Date.now() + warmingTicks * everyMilliseconds);
  for (const child of visitors) child.kill('SIGKILL');
  await untilMoment(Date.now() + warmingTicks * everyMilliseconds);
}

/** Mean, p50, p99 and maximum; of several processes the worst. */
function lagsOf(results: readonly TallyResult[]): number[] {
  return (['mean', 'p50', 'p99', 'max'] as const).map((name) =>
    Math.max(...results.map(({ lagMilliseconds }) => lagMilliseconds[name])),
  );
}

interface ServersFigures {
  readonly processorMilliseconds: number;
  readonly residentKilobytes: number;
}

function figuresOf(pairs: readonly Pair[]): ServersFigures {
  const pids = pairs.map(({ server }) => server.pid);
  return {
    processorMilliseconds: sum(pids.map(processorMilliseconds)),
    residentKilobytes: sum(pids.map((pid) => processFigures(pid).residentKilobytes)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
