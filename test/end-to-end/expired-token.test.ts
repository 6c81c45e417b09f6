/** Tokens expire by the wall clock, which may be set, and advances while a machine is suspended. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openBySocket, streamBySocket } from '../server/guest-client.ts';
import { post, serve, type Served } from './program.ts';
import { until } from '../until.ts';
import { transports, type Watcher } from './watcher.ts';

const secret = 'a secret of thirty-two bytes or more';
const minute = 60_000;
const busy = 'subscription Busy { hypervisor(every: "200ms") { sampledAt } }';
const quiet = 'subscription Quiet { hypervisor(every: "1h") { sampledAt } }';
const guests = 'subscription Guests { partition(every: "200ms") { sampledAt } }';

const folder = mkdtempSync(join(tmpdir(), 'hvql-expired-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clockFile = join(folder, 'clock');
const guestSocket = join(folder, 'guest');
const trail = join(folder, 'audit.jsonl');

/** Moves the service's wall clock to so far from this process's; resolves once each of its processes has. */
async function moveClock(milliseconds: number): Promise<void> {
  writeFileSync(`${clockFile}.new`, String(milliseconds));
  renameSync(`${clockFile}.new`, clockFile);
  const moved = (): string[] => clocks().map((path) => readFileSync(path, 'utf8'));
  await until(() => moved().every((each) => each === String(milliseconds)));
}

/** The files in which the processes of a service say how far they have moved their clocks. */
const clocks = (): string[] =>
  readdirSync(folder)
    .filter((name) => /^clock\.\d+$/.test(name))
    .map((name) => join(folder, name));

const sign = (lifetime: number): Promise<string> =>
  new SignJWT({ hv_partition: '1' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor((Date.now() + lifetime) / 1_000))
    .sign(new TextEncoder().encode(secret));

/** Why streams of this name were closed, as the audit trail has it. */
const reasonsOf = (operation: string): unknown[] =>
  readFileSync(trail, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === 'closed' && line['operation'] === operation)
    .map((line) => line['reason']);

const codesOf = ({ errors }: { errors?: any[] }): unknown[] =>
  (errors ?? []).map(({ extensions }) => extensions.code);

describe.each([
  ['one process', []],
  ['two workers', ['--workers', '2']],
])('a token that expires, over %s,', (_, args) => {
  let served: Served;
  const isRefused = async (token: string): Promise<boolean> =>
    codesOf(await post(served.url, { token, query: '{ viewer { isRoot } }' }))[0] === 'UNAUTHENTICATED';

  beforeAll(async () => {
    for (const path of clocks()) rmSync(path);
    await moveClock(0);
    served = await serve(
      [...args, '--source', 'simulator', '--guest-socket', `2=${guestSocket}`, '--audit', trail],
      { HVQL_JWT_SECRET: secret, WALL_CLOCK_FILE: clockFile },
      ['--import', new URL('wall-clock.mjs', import.meta.url).href],
    );
  });
  beforeEach(async () => {
    await moveClock(0);
    writeFileSync(trail, '');
  });
  afterAll(() => served.program.stop());

  it('ends its streams by the wall clock, also idle ones, and no others', async () => {
    const [token, lasting] = [await sign(30 * minute), await sign(120 * minute)];
    const open = (query: string, by: string): Watcher[] =>
      Object.values(transports).map((watch) => watch({ url: served.url, token: by, query }));
    const ending = [...open(busy, token), ...open(quiet, token)];
    const staying = open(busy.replace('Busy', 'Staying'), lasting);
    await Promise.all([...ending, ...staying].map((watcher) => watcher.event(0)));
    const guestStream = await streamBySocket(guestSocket, guests);
    const guest = await openBySocket(guestSocket);
    guest.send({ id: 'a', type: 'subscribe', payload: { query: guests } });

    await moveClock(40 * minute);
    for (const watcher of ending) {
      // Neither complete nor an error of the operation: the connection is closed.
      expect((await watcher.end()).kind).toBe('error');
      expect(watcher.last.data).toBeUndefined();
      expect(codesOf(watcher.last)).toEqual(['UNAUTHENTICATED']);
      expect(watcher.events.slice(0, -1).flatMap(codesOf)).toEqual([]);
    }
    const closeCodes = ending.map(({ closeCode }) => closeCode);
    expect(closeCodes).toEqual([null, 4403, null, 4403]);
    expect([...reasonsOf('Busy'), ...reasonsOf('Quiet')]).toEqual(ending.map(() => 'expired'));
    await until(() => isRefused(token));

    const counts = [...staying.map(({ events }) => events.length), guest.messages.length];
    const guestBytes = guestStream.text().length;
    await until(() => {
      const now = [...staying.map(({ events }) => events.length), guest.messages.length];
      return now.every((count, n) => count > (counts[n] ?? 0) + 2);
    });
    await until(() => guestStream.text().length > guestBytes + 200);
    expect(guestStream.text()).not.toContain('UNAUTHENTICATED');
    expect(guest.messages.filter(({ type }) => type !== 'next')).toEqual([{ type: 'connection_ack' }]);
    expect(staying.flatMap(({ events }) => events.flatMap(codesOf))).toEqual([]);
    expect(reasonsOf('Staying')).toEqual([]);
    for (const watcher of staying) watcher.stop();
    guestStream.socket.destroy();
    guest.socket.terminate();
  });

  it('ends no stream because the clock was set back, and not permanently because it was set forward by mistake', async () => {
    const token = await sign(30 * minute);
    const open = (): Watcher[] =>
      Object.values(transports).map((watch) => watch({ url: served.url, token, query: busy }));
    const watchers = open();
    await Promise.all(watchers.map((watcher) => watcher.event(0)));
    for (const offset of [-120 * minute, 10 * minute]) {
      await moveClock(offset);
      const isThere = ({ data }: any): boolean =>
        Math.abs(Date.parse(data?.hypervisor.sampledAt) - Date.now() - offset) < minute;
      await Promise.all(watchers.map((watcher) => watcher.next(isThere)));
      expect(await isRefused(token)).toBe(false);
    }
    await moveClock(40 * minute);
    await Promise.all(watchers.map((watcher) => watcher.end()));
    await until(() => isRefused(token));
    await moveClock(0);
    await until(async () => !(await isRefused(token)));
    const again = open();
    await Promise.all(again.map((watcher) => watcher.event(3)));
    expect(again.flatMap(({ events }) => events.flatMap(codesOf))).toEqual([]);
    for (const watcher of again) watcher.stop();
  });

  it('lets a client with a new token reconnect by itself, and tells any other client why it may not', async () => {
    const expiring = await sign(30 * minute);
    const fresh = await sign(120 * minute);
    const url = served.url;
    const open = {
      SSE: (tokens: string[], sink: Sink) =>
        createSseClient({
          url,
          headers: () => ({ authorization: `Bearer ${tokens.shift()}` }),
          retryAttempts: 2,
          retry: async () => undefined,
        }).subscribe({ query: busy }, sink),
      WebSocket: (tokens: string[], sink: Sink) =>
        createWebSocketClient({
          url: url.replace(/^http/, 'ws'),
          webSocketImpl: WebSocket,
          connectionParams: () => ({ Authorization: `Bearer ${tokens.shift()}` }),
          retryAttempts: 2,
          retryWait: async () => undefined,
        }).subscribe({ query: busy }, sink),
    };
    for (const subscribe of Object.values(open)) {
      await moveClock(0);
      await until(async () => !(await isRefused(expiring)));
      const received: Received = { events: [], isOver: false, problem: null };
      const stop = subscribe([expiring, fresh], sinkOf(received));
      const unlucky: Received = { events: [], isOver: false, problem: null };
      subscribe([expiring, expiring, expiring], sinkOf(unlucky));
      await until(() => received.events.length > 1 && unlucky.events.length > 1);
      await moveClock(40 * minute);
      await until(() => received.events.some((event) => codesOf(event).length > 0));
      const from = received.events.length;
      await until(() => received.events.length > from + 2);
      expect(received.events.slice(from).flatMap(codesOf)).toEqual([]);
      expect(received.isOver).toBe(false);
      await until(() => unlucky.isOver);
      const problem = unlucky.problem as { code?: number; response?: { status: number } } | null;
      expect(problem?.response?.status ?? problem?.code).toBe(problem?.response === undefined ? 4401 : 401);
      stop();
    }
  });
});

interface Received {
  readonly events: any[];
  isOver: boolean;
  problem: unknown;
}

interface Sink {
  next(event: unknown): void;
  error(problem: unknown): void;
  complete(): void;
}

function sinkOf(received: Received): Sink {
  return {
    next: (event) => received.events.push(event),
    error: (problem) => {
      received.problem = problem;
      received.isOver = true;
    },
    complete: () => {
      received.isOver = true;
    },
  };
}
