/** What the dashboard takes of a browser: bytes, the time until there are numbers, long tasks, and memory over time. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { startBrowser } from '../end-to-end/browser.ts';
import { currentBuild, programOf } from './build.ts';

/** 512 virtual processors on 64 logical ones; and one partition with as many as a simulated one may have. */
const hosts = [
  {
    name: 'overview, 512 VPs',
    source: 'simulator?seed=1&lps=64&partitions=64&vps=8',
    place: '',
    ready: '.partitions tbody tr',
  },
  {
    name: 'partition, 256 VPs',
    source: 'simulator?seed=1&lps=64&partitions=2&vps=256',
    place: '#/partition/2',
    ready: 'canvas',
  },
] as const;
/** Of a task that a person notices (W3C, Long Tasks API). */
const longTaskMilliseconds = 50;

/** The table; `seconds` is how long each page is watched. */
export async function dashboardText({
  executablePath,
  seconds,
  tell,
}: {
  readonly executablePath: string;
  readonly seconds: number;
  readonly tell: (what: string) => void;
}): Promise<string> {
  const lines = [
    `${sizeInBytes()} bytes compressed by gzip, in all`,
    '',
    `watched for ${seconds} s each, one event a second`,
    '',
    'page                  first numbers   tasks over 50 ms   longest task   heap at 10 s    at half     at the end',
  ];
  for (const { name, source, place, ready } of hosts) {
    tell(`watching the page: ${name}`);
    const { child, url } = await serve(source);
    const browser = await startBrowser(executablePath);
    try {
      const page = await browser.open('about:blank');
      await page.addInitScript(
        `globalThis.longTasks = []; new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask', buffered: true });`,
      );
      const begun = performance.now();
      await page.goto(new URL(`/${place}`, url).href, { waitUntil: 'commit' });
      await page.locator(ready).first().waitFor({ timeout: 60_000 });
      const first = performance.now() - begun;
      await setTimeout(10_000);
      // Opening takes its time once; what follows comes every second.
      const opening = await page.evaluate<number[]>('longTasks.splice(0)');
      const heaps = [await heapOf(page)];
      for (const _ of [0, 1]) {
        await setTimeout((seconds * 1_000) / 2);
        heaps.push(await heapOf(page));
      }
      const tasks = await page.evaluate<number[]>('longTasks');
      const long = tasks.filter((task) => task > longTaskMilliseconds);
      lines.push(
        [
          name.padEnd(20),
          `${first.toFixed(0)} ms`.padStart(14),
          `${long.length}`.padStart(18),
          `${Math.max(0, ...tasks).toFixed(0)} ms`.padStart(14),
          ...heaps.map((bytes) => `${(bytes / 1_048_576).toFixed(1)} MB`.padStart(13)),
        ].join(' '),
        `  while it opened: ${opening.length} tasks over ${longTaskMilliseconds} ms, the longest ${Math.max(0, ...opening).toFixed(0)} ms`,
      );
    } finally {
      await browser.close();
      child.kill();
      await once(child, 'exit');
    }
  }
  return lines.join('\n');
}

function sizeInBytes(): number {
  const folder = new URL('../../dist/dashboard/', import.meta.url);
  const assets = readdirSync(new URL('assets/', folder)).filter((name) => name.endsWith('.gz'));
  return assets.reduce(
    (sum, name) => sum + statSync(new URL(`assets/${name}`, folder)).size,
    gzipSync(readFileSync(new URL('index.html', folder))).length,
  );
}

/** Bytes of JavaScript's objects that are still reachable. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

async function serve(source: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
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
