/** The cost of the dashboard in a browser: bytes, the time until the first numbers, long tasks, and memory over time. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { startBrowser } from '../end-to-end/browser.ts';
import { table } from '../soak/table.ts';
import { currentBuild, programOf } from './build.ts';
import { tasksWhile, type RendererTask } from './renderer-task.ts';

/** 512 virtual processors on 64 logical ones: of many partitions, and of one. */
const cases = [
  {
    name: 'overview, 512 VPs',
    source: 'simulator?seed=1&lps=64&partitions=64&vps=8',
    place: '',
    ready: '.partitions tbody tr',
  },
  {
    name: 'partition, 512 VPs',
    source: 'simulator?seed=1&lps=64&partitions=2&vps=512',
    place: '#/partition/2',
    ready: 'canvas',
  },
] as const;
type Case = (typeof cases)[number];

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Of a task that a person notices (W3C, Long Tasks API). */
const longTaskMilliseconds = 50;
/** The page is opened once; the work after that recurs every second. */
const openingMilliseconds = 10_000;
/** A browser that has just started is busy with itself for about a second. People open the page in one that runs already. */
const browserStartMilliseconds = 3_000;
/** How often memory is read, from the tenth second on. */
const readings = 6;

/** The tables; each page is opened `rounds` times, and watched for `seconds`. */
export async function dashboardText({
  executablePath,
  seconds,
  rounds,
  tell,
}: {
  readonly executablePath: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly tell: (what: string) => void;
}): Promise<string> {
  const services = await Promise.all(cases.map(({ source }) => serve(source)));
  const places = cases.map((each, n) => ({ ...each, url: addressIn(services[n], each) }));
  try {
    const openings: (string | number)[][] = [];
    for (const place of places)
      for (let round = 1; round <= rounds; round += 1) {
        tell(`opening the page: ${place.name}`);
        openings.push([place.name, ...(await openOnce(executablePath, place))]);
      }
    tell(`watching the pages for ${seconds} s`);
    const watched = await watch(executablePath, { places, seconds });
    return [
      `${sizeInBytes()} bytes compressed by gzip, in all; ${firstSizeInBytes()} until the first numbers`,
      '',
      'One event a second. Milliseconds; behind the slash is the time of the processor, which other work does not lengthen.',
      '',
      table([
        ['page', 'first numbers', 'over 50 while opening', 'the longest', 'over 50 then', 'the longest'],
        ...openings,
      ]),
      '',
      `Both pages in one browser for ${seconds} s; memory after a full garbage collection.`,
      '',
      table([['page', 'after', 'heap', 'DOM nodes', 'listeners', 'tasks over 50 ms'], ...watched]),
    ].join('\n');
  } finally {
    for (const { child } of services) {
      child.kill();
      await once(child, 'exit');
    }
  }
}

type Place = Case & { readonly url: string };

/** In a browser of its own, which runs but has no file of the page yet. */
async function openOnce(executablePath: string, { url, ready }: Place): Promise<(string | number)[]> {
  const browser = await startBrowser(executablePath);
  try {
    const page = await browser.open('about:blank');
    await setTimeout(browserStartMilliseconds);
    let first = 0;
    const opening = await tasksWhile(page, async () => {
      const begun = performance.now();
      await page.goto(url, { waitUntil: 'commit' });
      await page.locator(ready).first().waitFor({ timeout: 60_000 });
      first = performance.now() - begun;
      await setTimeout(openingMilliseconds);
    });
    const after = await tasksWhile(page, () => setTimeout(2 * openingMilliseconds));
    const figures = [opening, after].flatMap((tasks) => {
      const text = ({ milliseconds, processor }: RendererTask): string =>
        `${milliseconds.toFixed(0)} / ${processor.toFixed(0)}`;
      const long = tasks.filter(({ milliseconds }) => milliseconds > longTaskMilliseconds);
      const longest = tasks.reduce((one, other) => (other.processor > one.processor ? other : one));
      return [long.map(text).join(', ') || 'none', text(longest)];
    });
    return [first.toFixed(0), ...figures];
  } finally {
    await browser.close();
  }
}

/** All pages at once, as long as they are asked to be: what grows is seen in its rows. */
async function watch(
  executablePath: string,
  { places, seconds }: { readonly places: readonly Place[]; readonly seconds: number },
): Promise<(string | number)[][]> {
  const browser = await startBrowser(executablePath);
  try {
    const pages: Page[] = [];
    for (const { url, ready } of places) {
      const page = await browser.open('about:blank');
      await page.goto(url, { waitUntil: 'commit' });
      await page.locator(ready).first().waitFor({ timeout: 60_000 });
      pages.push(page);
    }
    await setTimeout(openingMilliseconds);
    for (const page of pages)
      await page.evaluate(
        `globalThis.longTasks = 0; new PerformanceObserver((list) => (longTasks += list.getEntries().length)).observe({ type: 'longtask' });`,
      );
    const rows: (string | number)[][][] = places.map(() => []);
    for (let reading = 0; reading <= readings; reading += 1) {
      if (reading > 0) await setTimeout((seconds * 1_000) / readings);
      for (const [n, page] of pages.entries()) {
        const { heap, nodes, listeners } = await memoryOf(page);
        const long = await page.evaluate<number>('longTasks');
        const after = openingMilliseconds / 1_000 + (reading * seconds) / readings;
        rows[n]?.push([
          places[n]?.name ?? '',
          `${after.toFixed(0)} s`,
          `${(heap / 1_048_576).toFixed(2)} MB`,
          nodes,
          listeners,
          long,
        ]);
      }
    }
    return rows.flat();
  } finally {
    await browser.close();
  }
}

/** Bytes of JavaScript's objects that are still reachable, and what the document holds. */
async function memoryOf(page: Page): Promise<{ heap: number; nodes: number; listeners: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
  await session.detach();
  return { heap: usedSize, nodes, listeners: jsEventListeners };
}

const files = new URL('../../dist/dashboard/', import.meta.url);

function sizeInBytes(): number {
  const assets = readdirSync(new URL('assets/', files)).filter((name) => name.endsWith('.gz'));
  return assets.reduce(
    (sum, name) => sum + statSync(new URL(`assets/${name}`, files)).size,
    gzipSync(readFileSync(new URL('index.html', files))).length,
  );
}

/** The page and what it names. */
function firstSizeInBytes(): number {
  const html = readFileSync(new URL('index.html', files), 'utf8');
  return [...html.matchAll(/(?:src|href)="\/dashboard\/([^"]+)"/g)].reduce(
    (sum, [, name]) => sum + statSync(new URL(`${name}.gz`, files)).size,
    gzipSync(html).length,
  );
}

function addressIn(served: Served | undefined, { place }: Case): string {
  return new URL(`/${place}`, served?.url).href;
}

async function serve(source: string): Promise<Served> {
  const child = spawn(
    process.execPath,
    [programOf(currentBuild.root), 'serve', '--port', '0', '--source', source],
    { stdio: ['ignore', 'pipe', 'ignore'], cwd: fileURLToPath(currentBuild.root) },
  );
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const [, url] = /^hvql listening on (\S+)\n/m.exec(text) ?? [];
    if (url !== undefined) {
      child.stdout.resume();
      return { child, url };
    }
  }
  throw new Error(`The service ended: ${text}`);
}
