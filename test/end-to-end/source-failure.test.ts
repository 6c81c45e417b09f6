/** A source of the built program that fails and recovers: queries, streams, /ready and the log. */
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../until.ts';
import { post, serve, type Served } from './program.ts';
import { transports, type Watcher } from './watcher.ts';

let base: string;
let folder: string;
let served: Served;
let watchers: Watcher[];
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'hvql-failure-'));
  folder = join(base, 'pages');
  await cp('test/fixtures/small-host', folder, { recursive: true });
  served = await serve(['--source', `pages:${folder}`]);
  const query =
    'subscription { hypervisor(every: "100ms") { logicalProcessors { counters { totalRunTime } } } }';
  const quiet = `subscription { partition(id: 5, every: "100ms", suppressUnchanged: true) { counters { gpaPages } } }`;
  watchers = Object.values(transports).flatMap((watch) =>
    [query, quiet].map((text) => watch({ url: served.url, token: served.tokens[0], query: text })),
  );
  await Promise.all(watchers.map((watcher) => watcher.event(0)));
});
afterAll(async () => {
  await served.program.stop();
  await rm(base, { recursive: true, force: true });
});

const ready = async (): Promise<number> => (await fetch(new URL('/ready', served.url))).status;
const ask = (): Promise<any> =>
  post(served.url, {
    token: served.tokens[0],
    query: '{ partition(id: 5) { name counters { gpaPages } } service { source { isAnswering } } }',
  });
/** Not of the tick in whose middle it goes: that has seen what exists, and an error for each page. */
const isAway = (event: any): boolean =>
  event.data === null && event.errors?.[0]?.extensions.code === 'PAGE_UNAVAILABLE';
const isWhole = (event: any): boolean => event.errors === undefined;
const all = (isWanted: (event: any) => boolean): Promise<any[]> =>
  Promise.all(watchers.map((watcher) => watcher.next(isWanted)));

/** The log's lines of this message. */
function logged(message: string): any[] {
  const lines = served.program.stderr.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === message);
}

/** Polls /ready until it has this status; returns the milliseconds that it took. */
async function readyIs(status: number): Promise<number> {
  const start = performance.now();
  await until(async () => (await ready()) === status);
  return performance.now() - start;
}

/** What goes wrong with the folder as a whole, and how it is put right. */
const failures: readonly {
  what: string;
  words: string;
  spoil: () => Promise<void>;
  mend: () => Promise<void>;
}[] = [
  {
    what: 'a folder that is moved away and back',
    words: 'The page folder is not there.',
    spoil: () => rename(folder, join(base, 'away')),
    mend: () => rename(join(base, 'away'), folder),
  },
  {
    what: 'a manifest that is invalid for a while',
    words: 'manifest.json is not valid.',
    async spoil() {
      await writeFile(join(folder, '.manifest'), 'secret garbage');
      await rename(join(folder, '.manifest'), join(folder, 'manifest.json'));
    },
    async mend() {
      await writeFile(join(folder, '.manifest'), await readFile('test/fixtures/small-host/manifest.json'));
      await rename(join(folder, '.manifest'), join(folder, 'manifest.json'));
    },
  },
];

describe.each(failures)('$what', ({ words, spoil, mend }) => {
  let changesBefore: number;

  it('is reported to streams and /ready immediately, although the source had just responded', async () => {
    expect(await ready()).toBe(200);
    changesBefore = logged('the source does not respond').length;
    const aways = all(isAway);
    await spoil();
    for (const event of await aways) expect(event.errors[0].message).toContain(words);
    expect(await ready()).toBe(503);
  });

  it('is reported to queries immediately, with the time of the next attempt, while it lasts', async () => {
    let refused = 0;
    await until(async () => {
      const answer = await ask();
      expect(answer.data.partition).toBeNull();
      expect(answer.data.service.source.isAnswering).toBe(false);
      expect(answer.errors).toHaveLength(1);
      const [{ message, extensions }] = answer.errors;
      expect(extensions.code).toBe('PAGE_UNAVAILABLE');
      expect(message).toContain(words);
      expect(JSON.stringify(answer)).not.toMatch(/hvql-failure|secret/);
      if (extensions.retryInMilliseconds === undefined) return false;
      refused += 1;
      expect(extensions.retryInMilliseconds).toBeGreaterThan(0);
      expect(extensions.retryInMilliseconds).toBeLessThanOrEqual(5000);
      expect(extensions.failures).toBeLessThan(20);
      expect(await ready()).toBe(503);
      return refused > 10;
    });
  });

  it('ends for queries, /ready and open streams within five seconds of the repair', async () => {
    const backs = all(isWhole);
    await mend();
    // The pause of 5 s, and some time for a machine with much to do.
    expect(await readyIs(200)).toBeLessThan(5000 + 2000);
    for (const { data } of await backs) expect(data).not.toBeNull();
    expect(await ask()).toEqual({
      data: {
        partition: { name: 'vm-1', counters: { gpaPages: expect.any(String) } },
        service: { source: { isAnswering: true } },
      },
    });
    for (const { ending } of watchers) expect(ending).toBeNull();
  });

  it('is logged once, with its end', () => {
    expect(logged('the source does not respond')).toHaveLength(changesBefore + 1);
    expect(logged('the source responds again')).toHaveLength(changesBefore + 1);
    expect(logged('unexpected error')).toEqual([]);
    expect(logged('a tick failed unexpectedly')).toEqual([]);
  });
});

describe('a stream with suppressed unchanged events', () => {
  it('reports each failure a few times, not at each tick', () => {
    const quiet = watchers.filter((_, n) => n % 2 === 1);
    for (const { events } of quiet) {
      expect(events.filter(isAway).length).toBeGreaterThanOrEqual(failures.length);
      expect(events.filter(isAway).length).toBeLessThanOrEqual(2 * failures.length);
      expect(events.filter(isWhole)).toHaveLength(1 + failures.length);
    }
  });
});

describe('a source that is missing', () => {
  it('does not prevent the service from shutting down', async () => {
    const other = await serve(['--source', `pages:${folder}`]);
    await rename(folder, join(base, 'away'));
    for (let n = 0; n < 5; n += 1) {
      await post(other.url, { token: other.tokens[0], query: '{ partition { name } }' });
    }
    expect(await other.program.stop()).toBe(0);
    await rename(join(base, 'away'), folder);
  });
});
