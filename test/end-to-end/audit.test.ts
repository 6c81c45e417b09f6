/** The audit trail of the program: its lines for denied reads and streams, and where they are written. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../until.ts';
import { openAccessHost, parents, type AccessHost } from './access-host.ts';
import { get, post, Program, serve } from './program.ts';
import { transports } from './watcher.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hvql-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Line = Record<string, unknown>;

/** The lines of a trail, all whole. */
async function readTrail(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

/** Waits for a matching line of a trail. */
async function lineOf(path: string, isWanted: (line: Line) => boolean): Promise<Line> {
  let found: Line | undefined;
  await until(async () => (found = (await readTrail(path)).find(isWanted)) !== undefined);
  return found as unknown as Line;
}

const guest = 'self (a guest)';
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('a service with an audit trail', () => {
  let host: AccessHost;
  let path: string;
  beforeAll(async () => {
    path = join(folder, 'audit');
    host = await openAccessHost(['--audit', path, '--introspection', 'root']);
  });
  afterAll(() => host.close());

  /** Transports that send a query and wait for its response. */
  const ways: Record<string, (query: string) => Promise<unknown>> = {
    POST: (query) => post(host.served.url, { token: host.tokens[guest], query }),
    GET: (query) => get(host.served.url, { token: host.tokens[guest], query }),
    SSE: (query) => transports.SSE({ url: host.served.url, token: host.tokens[guest], query }).end(),
    WebSocket: (query) =>
      transports.WebSocket({ url: host.served.url, token: host.tokens[guest], query }).end(),
  };

  it('makes its file readable by its owner only', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each(Object.entries(ways))('records each read that was denied by %s', async (way, ask) => {
    const before = (await readTrail(path)).length;
    // The last field is found by reading, for which the operation is run twice.
    const query = `query Prying {
      hypervisor {
        a: counters { totalPages } b: counters { totalPages }
        logicalProcessor(index: 3) { index } logicalProcessors { index } partition(id: 9) { name }
        virtualProcessors(orderBy: { counter: HYPERCALLS }, first: 1) { partition { parent { name } } }
      }
      partition(id: 99) { name }
    }`;
    await ask(query);
    const lines = (await readTrail(path)).slice(before);
    expect(
      lines
        .map(({ object, path: place, reason }) => `${String(place)}: ${String(object)} ${String(reason)}`)
        .sort(),
    ).toEqual([
      'hypervisor.a: hypervisor NOT_ROOT',
      'hypervisor.b: hypervisor NOT_ROOT',
      'hypervisor.logicalProcessor: logical-processor 3 NOT_ROOT',
      'hypervisor.logicalProcessors: logical-processors NOT_ROOT',
      'hypervisor.partition: partition 9 NOT_SELF_OR_PARENT',
      'hypervisor.virtualProcessors.0.partition.parent: partition 1 NOT_SELF_OR_PARENT',
      'partition: partition 99 NOT_SELF_OR_PARENT',
    ]);
    const [{ requestId, time } = {}] = lines;
    expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(60_000);
    expect(new Date(String(time)).toISOString()).toBe(time);
    expect(new Set(lines.map((line) => line['requestId']))).toEqual(new Set([requestId]));
    for (const line of lines) {
      expect(line).toMatchObject({
        event: 'denied',
        caller: '5',
        by: 'token',
        way,
        operation: 'Prying',
        documentId: hash(query),
      });
      expect(Object.keys(line)).toEqual(
        'time event caller by sub jti fingerprint address way operation documentId object path reason requestId'.split(
          ' ',
        ),
      );
    }
  });

  it.each(Object.entries(ways))('records a schema request that was denied by %s', async (way, ask) => {
    const before = (await readTrail(path)).length;
    await ask('query Curious { __schema { queryType { name } } }');
    const lines = (await readTrail(path)).slice(before);
    expect(lines).toMatchObject([
      { event: 'denied', caller: '5', way, object: 'schema', reason: 'NOT_ROOT', operation: 'Curious' },
    ]);
  });

  it.each(Object.entries(ways))('does not record reads that were allowed by %s', async (_way, ask) => {
    const before = (await readTrail(path)).length;
    await ask('query Fair { partition { name counters { virtualProcessors } } }');
    await ask('{ nothing }');
    expect((await readTrail(path)).slice(before)).toEqual([]);
  });

  describe.each(Object.entries(transports))('with a stream by %s', (way, watch) => {
    const open = (operation: string, more: { token?: string; field?: string } = {}) => {
      const { token = host.tokens[guest], field = 'partition(every: "100ms") { name }' } = more;
      return watch({ url: host.served.url, token, query: `subscription ${operation} { ${field} }` });
    };
    const of = (event: string, operation: string) => (line: Line) =>
      line['event'] === event && line['operation'] === operation;

    it('records its beginning and its end', async () => {
      const name = `Leaving${way}`;
      const watcher = open(name);
      await watcher.event(2);
      watcher.stop();
      const closed = await lineOf(path, of('closed', name));
      const opened = await lineOf(path, of('opened', name));
      const credential = { by: 'token', sub: null, jti: null, fingerprint: null, address: '127.0.0.1' };
      const who = { caller: '5', ...credential, way, operation: name, requestId: opened['requestId'] };
      const documentId = hash(`subscription ${name} { partition(every: "100ms") { name } }`);
      expect(opened).toEqual({ ...who, documentId, time: opened['time'], event: 'opened' });
      expect(closed).toMatchObject({ ...who, documentId, reason: 'client' });
      expect(Object.keys(closed)).toEqual(
        'time event caller by sub jti fingerprint address way operation documentId events seconds reason requestId'.split(
          ' ',
        ),
      );
      expect(closed['events']).toBeGreaterThanOrEqual(3);
      expect(closed['seconds']).toBeGreaterThan(0.1);
      expect(closed['seconds']).toBeLessThan(15);
    });

    it('records once a read that is denied in every event', async () => {
      const name = `Patient${way}`;
      const watcher = open(name, {
        field: 'hypervisor(every: "100ms") { counters { totalPages } sampledAt }',
      });
      await watcher.event(4);
      watcher.stop();
      const closed = await lineOf(path, of('closed', name));
      expect(closed['events']).toBeGreaterThanOrEqual(5);
      const lines = (await readTrail(path)).filter(of('denied', name));
      expect(lines.map(({ object, path: place, way: by }) => [object, place, by])).toEqual([
        ['hypervisor', 'hypervisor.counters', way],
      ]);
    });

    it('records the reason "complete" if the caller may read nothing of it', async () => {
      const name = `Denied${way}`;
      await open(name, { field: 'partition(id: 9) { name }' }).end();
      expect(await lineOf(path, of('closed', name))).toMatchObject({ events: 1, reason: 'complete' });
      expect(await lineOf(path, of('denied', name))).toMatchObject({ object: 'partition 9' });
    });

    it('records the reason "expired" if its token expired', async () => {
      const name = `Expiring${way}`;
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const watcher = open(name, { token: await host.sign({ hv_partition: '5', exp }) });
      await watcher.event(0);
      await watcher.end();
      expect(await lineOf(path, of('closed', name))).toMatchObject({ reason: 'expired' });
    });
  });

  it('records the reason "complete" if the partition of a stream stopped', async () => {
    const { url } = host.served;
    const watchers = Object.values(transports).map((watch) =>
      watch({
        url,
        token: host.tokens['a grandchild'],
        query: 'subscription Stopping { partition(every: "100ms") { name } }',
      }),
    );
    await Promise.all(watchers.map((watcher) => watcher.event(0)));
    const partitions = Object.entries(parents)
      .filter(([id]) => id !== '14')
      .map(([id, parent]) => ({ id, parent, name: `p${id}` }));
    const manifest = JSON.stringify({ format: 'hvql-pages', version: 1, partitions });
    await writeFile(join(host.folder, 'manifest.new'), manifest);
    await rename(join(host.folder, 'manifest.new'), join(host.folder, 'manifest.json'));
    await rm(join(host.folder, 'partition/14'), { recursive: true });
    await Promise.all(watchers.map((watcher) => watcher.end()));
    const closed = (await readTrail(path)).filter(
      ({ event, operation }) => event === 'closed' && operation === 'Stopping',
    );
    expect(closed.map(({ way, reason, caller }) => [way, reason, caller]).sort()).toEqual([
      ['SSE', 'complete', '14'],
      ['WebSocket', 'complete', '14'],
    ]);
  });

  it('continues in a new file after SIGHUP, also for open streams', async () => {
    const name = 'Rotated';
    const watcher = transports.SSE({
      url: host.served.url,
      token: host.tokens[guest],
      query: `subscription ${name} { partition { name } }`,
    });
    await watcher.event(0);
    await rename(path, `${path}.1`);
    host.served.program.child.kill('SIGHUP');
    await until(() => host.served.program.stderr.includes('the audit trail was reopened'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    watcher.stop();
    const closed = await lineOf(path, ({ operation }) => operation === name);
    expect(closed['event']).toBe('closed');
    expect((await readTrail(`${path}.1`)).filter(({ operation }) => operation === name)).toMatchObject([
      { event: 'opened', requestId: closed['requestId'] },
    ]);
  });
});

describe('the shutdown of a service with an audit trail', () => {
  it('records each stream that was open, and loses no line', async () => {
    const path = join(folder, 'end');
    const { program, url, tokens } = await serve([], { HVQL_AUDIT: path });
    const query = 'subscription { partition(every: "1h") { name } }';
    const watchers = Object.values(transports).flatMap((watch) =>
      Array.from({ length: 20 }, () => watch({ url, token: tokens[1], query })),
    );
    await Promise.all(watchers.map((watcher) => watcher.event(0)));
    await post(url, { token: tokens[1], query: '{ hypervisor { counters { totalPages } } }' });
    expect(await program.stop()).toBe(0);
    const lines = await readTrail(path);
    const count = (event: string, reason?: string): number =>
      lines.filter((line) => line['event'] === event && line['reason'] === reason).length;
    expect([count('opened'), count('denied', 'NOT_ROOT'), count('closed', 'service')]).toEqual([40, 1, 40]);
    expect(lines).toHaveLength(81);
  });
});

describe('an audit trail on standard output', () => {
  it('begins after the line with the address of the service', async () => {
    const { program, url, tokens } = await serve(['--audit', '-']);
    await post(url, { token: tokens[1], query: '{ hypervisor { counters { totalPages } } }' });
    expect(await program.stop()).toBe(0);
    const [ready, line, ...rest] = program.stdout.split('\n');
    expect(ready).toBe(`hvql listening on ${url}`);
    expect(JSON.parse(String(line))).toMatchObject({ event: 'denied', caller: '2', object: 'hypervisor' });
    expect(rest).toEqual(['']);
  });

  it('delays neither responses nor the shutdown if it is not read', async () => {
    const { program, url, tokens } = await serve(['--audit', '-']);
    program.child.stdout?.pause();
    const denied = Array.from({ length: 100 }, (_, n) => `a${n}: counters { totalPages }`).join(' ');
    for (let n = 0; n < 60; n += 1) {
      const { errors } = await post(url, { token: tokens[1], query: `{ hypervisor { ${denied} } }` });
      expect(errors).toHaveLength(100);
    }
    expect(program.stderr).toContain('the audit trail cannot be written');
    program.child.kill('SIGTERM');
    const exited = new Promise((resolve) => program.child.once('exit', resolve));
    expect(await exited).toBe(0);
    program.child.stdout?.resume();
    await program.exited;
  });
});

describe('an audit trail that cannot be written', () => {
  it('is reported with all other problems, and the service does not start', async () => {
    const path = join(folder, 'nowhere/audit');
    const args = ['serve', '--port', '0', '--audit', path, '--source', `pages:${join(folder, 'nothing')}`];
    const program = new Program(args);
    expect(await program.exited).toBe(2);
    expect(program.stderr).toContain(
      `hvql: --audit ${path} cannot be written: no such file or directory (ENOENT).\n`,
    );
    expect(program.stderr).toContain('nothing');
    expect(program.stdout).toBe('');
  });
});
