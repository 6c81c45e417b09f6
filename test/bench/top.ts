/** What `hvql top` takes of a processor with a thousand virtual processors before it, in a terminal of 160 × 50. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../src/snapshot/moment.ts';
import { namesOf } from '../../src/source/host-snapshot.ts';
import { simulatorSettings } from '../../src/source/simulator/settings.ts';
import { openSimulator } from '../../src/source/simulator/simulator.ts';
import { builtProgram } from '../built-program.ts';
import { Pane } from '../cli/top/tmux.ts';
import { processFigures } from '../soak/process-figures.ts';
import { table } from '../soak/table.ts';
import { memoryFolder } from './host.ts';
import { processorMilliseconds } from './processor-time.ts';
import { rootToken } from './root-token.ts';
import { startServer } from './running-server.ts';

/** How long each of them is watched, after how long. */
export interface TopBenchOptions {
  readonly seconds: number;
  readonly warmingSeconds: number;
  readonly tell: (what: string) => void;
}

const secret = 'a secret of the benchmark, which opens nothing else than that: 0123456789';
const settings = 'seed=1&lps=64&partitions=64&vps=16';
const simulator = `simulator?${settings}`;
/** The 44 busiest by a rate, which needs the rates of all. */
const view = ['--view', 'virtual-processors', '--sort', 'hypercalls', '--every', '1s'];
const goalPercent = 3;
/** Seconds until a loop alone is compiled. */
const warmingAlone = 5;

/** Watches each way that top reaches a graph, one after another, and what reading alone takes. */
export async function topText(options: TopBenchOptions): Promise<string> {
  const { seconds, warmingSeconds, tell } = options;
  const folder = memoryFolder();
  const pages = join(folder, 'pages');
  const tokenFile = join(folder, 'token');
  const writer = spawn(
    process.execPath,
    [builtProgram, 'simulate', '--source', simulator, '--out', pages, '--every', '1s'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [line] = (await once(writer.stdout, 'data')) as [Buffer];
    const server = await startServer({
      file: null,
      args: ['serve', '--port', '0', '--source', `pages:${pages}`, '--log-level', 'error'],
      env: { HVQL_JWT_SECRET: secret },
    });
    const rows: (readonly string[])[] = [];
    try {
      writeFileSync(tokenFile, await rootToken(secret));
      for (const [name, args] of [
        ['a service, over its url', ['--url', server.url, '--token-file', tokenFile]],
        ['the page files, in its own process', ['--source', `pages:${pages}`]],
        ['the simulator, in its own process', ['--source', simulator]],
      ] as const) {
        tell(name);
        rows.push([name, ...(await watchTop([...args, ...view], options)), `≤ ${goalPercent} %`]);
      }
    } finally {
      await server.stop();
    }
    tell('reading alone');
    rows.push([
      'open, read and close the page files, nothing else',
      await percentOf(readingOf(pages), options),
    ]);
    rows.push(['make the pages of the simulator, nothing else', await percentOf(makingPages(), options)]);
    return [
      `hvql top with the 44 busiest of 1,024 virtual processors by a rate, each second. ${line.toString().trim().split(' to ')[0]}`,
      `every second. Processor time of all threads of its process over ${seconds} s, after ${warmingSeconds} s.`,
      '',
      table([
        ['what top asks', 'of a core', 'memory', 'to reach'],
        ...rows.map((row) => [...row, '', ''].slice(0, 4)),
      ]),
      '',
    ].join('\n');
  } finally {
    await ended(writer);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The part of a core that top takes, and its memory. */
async function watchTop(
  args: readonly string[],
  { seconds, warmingSeconds }: TopBenchOptions,
): Promise<readonly string[]> {
  const pane = new Pane(args, { columns: 160, rows: 50 });
  try {
    await pane.shows(/^virtual processors: 1 of 44\+/m);
    const { pid } = pane;
    await setTimeout(warmingSeconds * 1_000);
    const before = processorMilliseconds(pid);
    await setTimeout(seconds * 1_000);
    const percent = (processorMilliseconds(pid) - before) / seconds / 10;
    // A rate is there, and not old.
    await pane.shows(/^ +\d+ {2}[\w-]+ +\d+ +[\d.]+ +[\d.]+ +[\d.]+/m);
    if (pane.lines().join('\n').includes('STALE')) throw new Error('top had no new numbers');
    return [`${percent.toFixed(2)} %`, `${Math.round(processFigures(pid).residentKilobytes / 1_024)} MB`];
  } finally {
    pane.close();
  }
}

/** The same for work that this process does each second; `prepare` does not count. */
async function percentOf(
  prepare: () => () => Promise<void> | void,
  { seconds }: TopBenchOptions,
): Promise<string> {
  let spent = 0;
  for (let second = 0; second < warmingAlone + seconds; second += 1) {
    await setTimeout(1_000);
    const work = prepare();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (second >= warmingAlone) spent += user + system;
  }
  return `${(spent / seconds / 10_000).toFixed(2)} %`;
}

function readingOf(folder: string): () => () => void {
  const bytes = Buffer.allocUnsafeSlow(4_097);
  return () => {
    const paths = pageFilesIn(folder);
    return () => {
      for (const path of paths) {
        try {
          const descriptor = openSync(path, 'r');
          readSync(descriptor, bytes, 0, bytes.byteLength, 0);
          closeSync(descriptor);
        } catch {
          // A partition has stopped meanwhile.
        }
      }
    };
  };
}

function pageFilesIn(folder: string): readonly string[] {
  try {
    const places = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return places
      .filter(
        (place) => place.endsWith('stats.page') && !place.split('/').some((name) => name.startsWith('.')),
      )
      .map((place) => join(folder, place));
  } catch {
    // A partition has stopped meanwhile.
    return pageFilesIn(folder);
  }
}

function makingPages(): () => () => Promise<void> {
  const source = openSimulator(simulatorSettings(new URLSearchParams(settings)), systemClock);
  const { signal } = new AbortController();
  return () => async () => void (await source.read(namesOf(await source.topology(signal)), signal));
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}
