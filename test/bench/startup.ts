/** How long commands take from their start to their end, and services until they listen, beside `node -e 0`. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../soak/table.ts';
import { currentBuild, programOf } from './build.ts';
import { medianOf } from './comparison-table.ts';
import { memoryFolder, writeHost } from './host.ts';
import { processorMilliseconds } from './processor-time.ts';
import { workloadNamed } from './workload.ts';

/** One start. */
interface Start {
  readonly milliseconds: number;
  /** Of the service until it listens; null for a command, which has ended. */
  readonly processorMilliseconds: number | null;
  readonly megabytes: number | null;
}

interface Row {
  readonly name: string;
  readonly goal: { readonly milliseconds: number; readonly megabytes?: number } | null;
  readonly start: () => Start | Promise<Start>;
}

const root = fileURLToPath(currentBuild.root);
const secret = 'x'.repeat(32);
const limitMilliseconds = 60_000;

/** Starts each of them in turn, and gives the medians and their ratios to `node -e 0`. */
export async function startupText({
  rounds,
  tell,
}: {
  readonly rounds: number;
  readonly tell: (what: string) => void;
}): Promise<string> {
  const folder = memoryFolder();
  const home = mkdtempSync(join(tmpdir(), 'hvql-startup-'));
  try {
    await writeHost(folder, workloadNamed('S').host);
    const rows = rowsOf({ folder, home });
    const starts = new Map<Row, Start[]>(rows.map((row) => [row, []]));
    for (let round = 0; round < rounds; round++) {
      tell(`Round ${round + 1} of ${rounds}`);
      for (const [row, all] of starts) all.push(await row.start());
    }
    return textOf(starts);
  } finally {
    for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
  }
}

function rowsOf({ folder, home }: { readonly folder: string; readonly home: string }): readonly Row[] {
  const program = programOf(currentBuild.root);
  const command = (...args: readonly string[]): Row => ({
    name: `hvql ${args[0]}`,
    goal: { milliseconds: 150 },
    start: () => run([program, ...args]),
  });
  const serve = ['serve', '--port', '0'];
  return [
    { name: 'node -e 0', goal: null, start: () => run(['-e', '0']) },
    command('version'),
    command('help'),
    command('token', '--partition', '1'),
    command('inspect', join(folder, 'lp/0/stats.page')),
    {
      name: 'hvql serve, simulator',
      goal: { milliseconds: 500, megabytes: 75 },
      start: () => untilListening(process.execPath, [program, ...serve], {}),
    },
    {
      name: 'hvql serve, pages:<folder>',
      goal: { milliseconds: 500, megabytes: 75 },
      start: () => untilListening(process.execPath, [program, ...serve, '--source', `pages:${folder}`], {}),
    },
    {
      name: 'npm start',
      goal: { milliseconds: 1_500 },
      start: async () => {
        const env = { HOME: home, npm_config_update_notifier: 'false' };
        const start = await untilListening('npm', ['start', '--', '--port', '0'], env);
        // What is read of the process is npm's.
        return { ...start, processorMilliseconds: null, megabytes: null };
      },
    },
  ];
}

function run(args: readonly string[]): Start {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { HVQL_JWT_SECRET: secret },
    timeout: limitMilliseconds,
    encoding: 'utf8',
  });
  const milliseconds = performance.now() - begin;
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr}`);
  return { milliseconds, processorMilliseconds: null, megabytes: null };
}

/** Starts a service, waits for its address, and kills it with its group. */
async function untilListening(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Start> {
  const begin = performance.now();
  const child = spawn(file, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const { pid = 0 } = child;
  try {
    await listening(child);
    return {
      milliseconds: performance.now() - begin,
      processorMilliseconds: processorMilliseconds(pid),
      megabytes: residentMegabytes(pid),
    };
  } finally {
    const closed = once(child, 'close');
    process.kill(-pid, 'SIGKILL');
    await closed;
  }
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (): void => reject(new Error(`${child.spawnargs.join(' ')} does not listen: ${text}`));
    const limit = setTimeout(fail, limitMilliseconds);
    child.once('exit', fail);
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-4_000);
      if (!text.includes('hvql listening on')) return;
      clearTimeout(limit);
      resolve();
    });
  });
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

function textOf(starts: ReadonlyMap<Row, readonly Start[]>): string {
  const median = (all: readonly Start[], of: (start: Start) => number | null): number | null =>
    medianOf(all.flatMap((start) => of(start) ?? []));
  const bare = median([...starts.values()][0] ?? [], (start) => start.milliseconds) ?? NaN;
  const lines = [...starts].map(([{ name, goal }, all]) => {
    const milliseconds = median(all, (start) => start.milliseconds) ?? NaN;
    const processor = median(all, (start) => start.processorMilliseconds);
    const megabytes = median(all, (start) => start.megabytes);
    const isReached =
      goal !== null && milliseconds <= goal.milliseconds && (megabytes ?? 0) <= (goal.megabytes ?? Infinity);
    const bounds = [
      `${goal?.milliseconds} ms`,
      ...(goal?.megabytes === undefined ? [] : [`${goal.megabytes} MB`]),
    ];
    return [
      name,
      Math.round(milliseconds),
      Math.round(Math.min(...all.map((start) => start.milliseconds))),
      (milliseconds / bare).toFixed(2),
      processor === null ? '' : Math.round(processor),
      megabytes === null ? '' : Math.round(megabytes),
      goal === null ? '' : `≤ ${bounds.join(', ')}: ${isReached ? 'reached' : 'not reached'}`,
    ];
  });
  const head = ['', 'ms', 'least', '× node -e 0', 'processor ms', 'MB', 'to reach'];
  const rounds = [...starts.values()][0]?.length ?? 0;
  return `Medians of ${rounds} starts, in turn. Services: until they listen.\n${table([head, ...lines])}\n`;
}
