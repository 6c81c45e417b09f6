/** Subscriptions of the running service, with common clients: when events arrive and how streams end. */
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, serve, type Served } from './program.ts';
import { transports, watchBySse, watchByWebSocket } from './watcher.ts';
import { eventStreamRequest } from '../raw-client.ts';
import { until } from '../until.ts';

const sampledAt = ({ data }: any): number => Date.parse(data.hypervisor.sampledAt);

describe('the events of a stream', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1&lps=4&partitions=3&vps=2']);
  });
  afterAll(() => served.program.stop());

  it.each(Object.entries(transports))(
    'begin immediately over %s, however long the interval is',
    async (_, watch) => {
      const [token] = served.tokens;
      const query = 'subscription { partition(every: "1h") { name counters { virtualProcessors } } }';
      const watcher = watch({ url: served.url, token, query });
      const event = await watcher.event(0);
      expect(event).toEqual({ data: { partition: { name: 'root', counters: { virtualProcessors: '2' } } } });
      const frequent = watch({ url: served.url, token, query: query.replace('1h', '100ms') });
      await frequent.event(3);
      expect(watcher.events).toHaveLength(1);
      expect(watcher.ending).toBeNull();
      watcher.stop();
      frequent.stop();
    },
  );

  it('are then sent at each tick, equal for all subscriptions to the same fields over both transports', async () => {
    const [token] = served.tokens;
    const every = 500;
    const query = `subscription { hypervisor(every: "${every}ms") { sampledAt logicalProcessors { rates { totalRunTime } } } }`;
    const watchers = [];
    for (const watch of [watchBySse, watchByWebSocket, watchByWebSocket]) {
      const watcher = watch({ url: served.url, token, query });
      await watcher.event(0);
      watchers.push(watcher);
    }
    await Promise.all(watchers.map((watcher) => watcher.event(6)));
    watchers.forEach((watcher) => watcher.stop());

    for (const [position, { events }] of watchers.entries()) {
      expect(events.flatMap(({ errors }) => errors ?? [])).toEqual([]);
      // Of the first watcher, the first event has nothing before it; that of a later one may have a held reading.
      const known = events.map(({ data }) =>
        data.hypervisor.logicalProcessors.map(({ rates }: any) => rates !== null),
      );
      const [first, ...later] = known.map((all) => new Set(all));
      if (position === 0) expect(first).toEqual(new Set([false]));
      else expect(first?.size).toBe(1);
      expect(later).toEqual(later.map(() => new Set([true])));
      const ticks = events.slice(1).map(sampledAt);
      const offsets = ticks.map((tick) => tick - (ticks[0] ?? 0));
      const numbers = offsets.map((offset) => Math.round(offset / every));
      expect(numbers).toEqual([...new Set(numbers)]);
      for (const [n, offset] of offsets.entries()) {
        expect(Math.abs(offset - (numbers[n] ?? 0) * every)).toBeLessThan(every / 2.5);
      }
    }
    // From when the last one came on, all have had the same ticks.
    const from = Math.max(...watchers.map(({ events }) => sampledAt(events[1])));
    const to = Math.min(...watchers.map(({ last }) => sampledAt(last)));
    const shared = watchers.map(({ events }) =>
      events
        .slice(1)
        .map(sampledAt)
        .filter((tick) => tick >= from && tick <= to),
    );
    expect(shared[0]?.length).toBeGreaterThan(2);
    expect(shared[1]).toEqual(shared[0]);
    expect(shared[2]).toEqual(shared[0]);
  });

  it('are omitted on request if they are unchanged', async () => {
    const [token] = served.tokens;
    const query =
      'subscription { partition(every: "100ms", suppressUnchanged: true, heartbeat: "800ms") { name isRoot } }';
    const quiet = Object.values(transports).map((watch) => watch({ url: served.url, token, query }));
    for (const watcher of quiet) {
      await watcher.event(1);
      const [first = 0, second = 0] = watcher.arrivals;
      expect(second - first).toBeGreaterThan(400);
      expect(watcher.events[1]).toEqual(watcher.events[0]);
      watcher.stop();
    }
  });
});

describe('the token of a stream', () => {
  const secret = 'a secret of thirty-two bytes or more';
  const query = 'subscription { partition(every: "200ms") { name sampledAt } }';
  let served: Served;
  beforeAll(async () => {
    served = await serve([], { HVQL_JWT_SECRET: secret });
  });
  afterAll(() => served.program.stop());

  const sign = (expiresAt: number): Promise<string> =>
    new SignJWT({ hv_partition: '1' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(expiresAt)
      .sign(new TextEncoder().encode(secret));

  it.each(Object.entries(transports))('ends the stream over %s when it expires', async (name, watch) => {
    const expiresAt = Math.ceil(Date.now() / 1000) + 3;
    const watcher = watch({ url: served.url, token: await sign(expiresAt), query });
    const lasting = watch({ url: served.url, token: await sign(expiresAt + 3600), query });
    expect((await watcher.end()).kind).toBe('error');
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt * 1000);
    expect(watcher.last.data).toBeUndefined();
    expect(watcher.last.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    const before = watcher.events.slice(0, -1);
    expect(before.length).toBeGreaterThan(0);
    expect(before.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    if (name === 'WebSocket') {
      await watcher.until(({ closeCode }) => closeCode !== null);
      expect(watcher.closeCode).toBe(4403);
    }
    expect(await lasting.next()).toMatchObject({ data: { partition: { name: 'root' } } });
    lasting.stop();
  });

  it('is required: without a token there is no event stream', async () => {
    const ending = await watchBySse({ url: served.url, query }).end();
    expect(ending).toMatchObject({ kind: 'error', error: { response: { status: 401 } } });
  });

  it.each([
    ['without a token', undefined],
    ['with an invalid token', 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln'],
  ])('is required: %s a WebSocket is closed with 4401', async (_, token) => {
    const watcher = watchByWebSocket({ url: served.url, token, query });
    expect(await watcher.end()).toMatchObject({ kind: 'error', error: { code: 4401 } });
    expect(watcher.events).toEqual([]);
  });

  it('is required to be valid: with an expired token there is no stream', async () => {
    const token = await sign(Math.floor(Date.now() / 1000) - 600);
    expect(await watchBySse({ url: served.url, token, query }).end()).toMatchObject({
      error: { response: { status: 401 } },
    });
    expect(await watchByWebSocket({ url: served.url, token, query }).end()).toMatchObject({
      error: { code: 4401 },
    });
  });
});

/** An event stream on a bare socket. */
function openRawStream({
  url,
  token,
  query,
}: {
  url: string;
  token: string | undefined;
  query: string;
}): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(eventStreamRequest({ token, query }));
  return socket;
}

/** Some 700 KB an event: what the sockets' own buffers hold is soon full. */
const large =
  'subscription { hypervisor(every: "100ms") { sampledAt partitions { nodes { virtualProcessors { page { bytes } } } } } }';

describe('a client that does not read', () => {
  it('delays only itself: others get every tick, and it gets the newest event when it reads again', async () => {
    const served = await serve(['--source', 'simulator?partitions=16&vps=8']);
    const [token] = served.tokens;
    const asleep = openRawStream({ url: served.url, token, query: large });
    asleep.pause();
    const small = 'subscription { hypervisor(every: "100ms") { sampledAt } }';
    const others = Object.values(transports).map((watch) => watch({ url: served.url, token, query: small }));
    await Promise.all(others.map((watcher) => watcher.event(50)));
    const awokeAt = Date.now();
    let text = '';
    asleep.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    asleep.resume();
    const seenTimes = (): number[] =>
      [...text.matchAll(/"sampledAt":"([^"]+)"/g)].map(([, at]) => Date.parse(String(at)));
    await until(() => seenTimes().some((at) => at > awokeAt));
    const missed = seenTimes().filter((at) => at < awokeAt).length;
    // What lay in the sockets' buffers, and one event that waited; not the 50 that there were.
    expect(missed).toBeLessThan(25);
    for (const watcher of others) {
      const ticks = watcher.events.map(sampledAt).filter((at) => at < awokeAt);
      expect(ticks.length).toBeGreaterThan(35);
      expect(watcher.ending).toBeNull();
      watcher.stop();
    }
    asleep.destroy();
    expect(await served.program.stop()).toBe(0);
  });
});

describe('SIGTERM', () => {
  it('ends the connections of streams without completing them, and the service exits with 0', async () => {
    const served = await serve(['--source', 'simulator?partitions=16&vps=8']);
    const [token] = served.tokens;
    const queries = [
      'subscription { partition(every: "1h") { name } }',
      'subscription { hypervisor(every: "100ms") { sampledAt } }',
    ];
    const watchers = queries.flatMap((query) =>
      Object.values(transports).map((watch) => watch({ url: served.url, token, query })),
    );
    const asleep = openRawStream({ url: served.url, token, query: large });
    asleep.pause();
    asleep.on('error', () => undefined);
    await Promise.all(watchers.map((watcher) => watcher.event(0)));
    await Promise.all(watchers.slice(2).map((watcher) => watcher.event(15)));
    const exited = served.program.stop();
    const endings = await Promise.all(watchers.map((watcher) => watcher.end()));
    // The connections end, not the subscriptions: clients that retry connect to the next process.
    expect(endings.map(({ kind }) => kind)).toEqual(watchers.map(() => 'error'));
    // No client that reads waits for the one that does not: the program does.
    expect(served.program.child.exitCode).toBeNull();
    expect(await exited).toBe(0);
    const codes: (number | null)[] = [];
    for (const [n, watcher] of watchers.entries()) {
      // Every other one came by WebSocket.
      if (n % 2 === 1) await watcher.until(({ closeCode }) => closeCode !== null);
      codes.push(watcher.closeCode);
    }
    expect(codes).toEqual([null, 1001, null, 1001]);
    asleep.destroy();
  });
});

describe.skipIf(process.platform !== 'linux')('a service without subscriptions', () => {
  it('reads nothing and uses almost no processor time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hvql-live-'));
    await cp('test/fixtures/small-host', join(folder, 'pages'), { recursive: true });
    const served = await serve(['--source', `pages:${join(folder, 'pages')}`, '--log-level', 'debug']);
    const { program, url, tokens } = served;
    const messages = (): string[] =>
      program.stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line).msg);
    const query =
      'subscription { hypervisor(every: "100ms") { sampledAt logicalProcessors { counters { totalRunTime } } } }';
    const watchers = Object.values(transports).map((watch) => watch({ url, token: tokens[0], query }));
    await Promise.all(watchers.map((watcher) => watcher.event(10)));
    watchers.forEach((watcher) => watcher.stop());
    await until(() => messages().filter((message) => message === 'stream closed').length === 2);

    // Any read of the source would now fail, and be logged.
    await rename(join(folder, 'pages'), join(folder, 'away'));
    const linesBefore = messages().length;
    // The first time may include what is left to be done once, such as closing connections.
    await until(async () => (await ticksOfTwoSeconds(program.child.pid)) <= 3);
    const since = messages().slice(linesBefore);
    expect(since.filter((message) => message !== 'connection closed')).toEqual([]);
    expect(messages()).not.toContain('the source does not respond');
    const { data } = await post(url, { token: tokens[0], query: '{ service { source { isAnswering } } }' });
    expect(data.service.source.isAnswering).toBe(true);

    // It fails as soon as a client subscribes again.
    const again = watchBySse({ url, token: tokens[0], query });
    expect(await again.event(0)).toMatchObject({ errors: [{ extensions: { code: 'PAGE_UNAVAILABLE' } }] });
    await until(() => messages().includes('the source does not respond'));
    again.stop();
    expect(await program.stop()).toBe(0);
    await rm(folder, { recursive: true, force: true });
  });
});

/** Time that the process uses of a processor within two seconds, in hundredths of a second. */
async function ticksOfTwoSeconds(pid: number | undefined): Promise<number> {
  const before = ticksOfProcessor(pid);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return ticksOfProcessor(pid) - before;
}

/** Time that the process has used of a processor, in hundredths of a second (proc_pid_stat(5), utime and stime). */
function ticksOfProcessor(pid: number | undefined): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
