/** Connections without any identity that must not harm the service: the built program, on each kind of listener. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { rawClient, type RawClient, type RawTarget } from '../raw-client.ts';
import { secureWays, sendSecurely } from '../secure.ts';
import { sendBySocket } from '../server/guest-client.ts';
import { post, type Served } from './program.ts';
import { servePlainAndSecure } from './served-listeners.ts';

const services = servePlainAndSecure();

const portOf = ({ url }: Served): number => Number(new URL(url).port);
const addressOf = (kind: RawTarget['kind']): RawTarget =>
  kind === 'guest socket'
    ? { kind, path: services.guestSocket }
    : { kind, port: portOf(kind === 'plain' ? services.plain : services.secure) };
/** A connection of each kind, without identity. */
const listeners: Readonly<Record<RawTarget['kind'], () => RawClient>> = {
  plain: () => rawClient(addressOf('plain')),
  TLS: () => rawClient(addressOf('TLS')),
  'guest socket': () => rawClient(addressOf('guest socket')),
};

const viewer = '{ viewer { isRoot } }';
const answer = { data: { viewer: { isRoot: true } } };
/** Both programs are still running and respond. */
async function expectService(): Promise<void> {
  const ended = [services.plain, services.secure].filter(
    ({ program: { child } }) => child.exitCode ?? child.signalCode,
  );
  expect(ended.map(({ program }) => program.stderr)).toEqual([]);
  const health = await fetch(new URL('/health', services.plain.url));
  expect(await health.json()).toEqual({ status: 'ok' });
  expect(await post(services.plain.url, { token: services.plain.tokens[0], query: viewer })).toEqual(answer);
  const secureHealth = await sendSecurely(new URL('/health', services.secure.url).href);
  expect(JSON.parse(secureHealth.body)).toEqual({ status: 'ok' });
  const secureAnswer = await secureWays.POST(services.secure.url, {
    certificate: null,
    query: viewer,
    token: services.secure.tokens[0],
  });
  expect(JSON.parse(secureAnswer.body)).toEqual(answer);
  expect((await sendBySocket(services.guestSocket, { path: '/health' })).status).toBe(200);
}
afterEach(expectService);

/** Sends, and gives all that comes until the connection is closed, which is where `isEnough`. */
async function received(
  open: () => RawClient,
  bytes: string,
  isEnough: (text: string) => boolean = () => false,
): Promise<string> {
  const { socket, closed } = open();
  let text = '';
  socket.on('end', () => socket.end());
  socket.on('data', (part: Buffer) => {
    text += part.toString('latin1');
    if (isEnough(text)) socket.end();
  });
  socket.write(bytes);
  await closed;
  return text;
}

const statusesOf = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);
const head = (line: string, ...headers: readonly string[]): string =>
  `${[`${line} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`;
const host = 'Host: localhost';
const webSocket = [
  host,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];
const h2c = head('GET /health', host, 'Connection: Upgrade', 'Upgrade: h2c');

const firsts = {
  'a request without Host': [head('GET /health'), '400'],
  'an unknown expectation': [head('GET /health', host, 'Expect: x'), '417'],
} as const;
const upgrades = {
  'an upgrade at a path without upgrades': [head('GET /nope', ...webSocket), '404'],
  'an upgrade of a foreign host': [head('GET /graphql', 'Host: evil.example', ...webSocket.slice(1)), '403'],
  'an upgrade without a key': [head('GET /graphql', ...webSocket.slice(0, 3)), '400'],
  'an upgrade': [head('GET /graphql', ...webSocket), '101'],
  'an upgrade to HTTP/2': [h2c, '200'],
  'a tunnel': [head('CONNECT localhost:80', host), '405'],
} as const;

describe.each(Object.entries(listeners))('requests pipelined on one connection, by %s:', (way, open) => {
  describe.each(Object.entries(firsts))('%s', (_, [first, firstStatus]) => {
    it.each(Object.entries(upgrades))('and %s are answered in order', async (_, [upgrade, status]) => {
      // A client of a guest socket has an identity under any name of the host.
      const expected = way === 'guest socket' && status === '403' ? '101' : status;
      const text = await received(open, first + upgrade, (come) => statusesOf(come).length === 2);
      expect(statusesOf(text)).toEqual([firstStatus, expected]);
    });
  });

  it('upgrades in a row, reset at any time, affect only their connection', async () => {
    const opening = Array.from({ length: 120 }, async (_, n) => {
      const { socket, closed, reset } = open();
      socket.write(h2c.repeat(4));
      // The moment is part of what is sent.
      setTimeout(reset, n % 12);
      await closed;
    });
    await Promise.all(opening);
  });
});

describe('a client that half-closes its connection after an upgrade request', () => {
  it('gets a response to the request', async () => {
    const { socket, closed } = listeners.plain();
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
    // /ready takes its time.
    socket.end(head('GET /ready', host) + h2c);
    await closed;
    expect(statusesOf(text)[0]).toBe('200');
  });
});

/** In kilobytes, the most so far (proc_pid_status(5)). */
const peakOf = ({ program }: Served): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${program.child.pid}/status`, 'utf8'))?.[1]);
const sendAny = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
  url.startsWith('https')
    ? (await sendSecurely(url, { headers })).body
    : (await fetch(url, { headers: { 'accept-encoding': 'identity', ...headers } })).text();
const scriptOf = async ({ url }: Served): Promise<string> => {
  const page = await sendAny(url, { accept: 'text/html' });
  return /\/graphql\/assets\/[0-9a-f]+\.js/.exec(page)?.[0] ?? '';
};

describe.each(['plain', 'TLS'] as const)('after a response that is slow to send, by %s,', (way) => {
  it.each(Object.entries(upgrades))('%s is answered in order', async (_, [upgrade, status]) => {
    const served = way === 'plain' ? services.plain : services.secure;
    const first = head(`GET ${await scriptOf(served)}`, host);
    const { socket, closed } = listeners[way]();
    let size = 0;
    let lastText = '';
    socket.on('data', (part: Buffer) => {
      size += part.length;
      lastText = (lastText + part.toString('latin1')).slice(-6_000);
      if (size > 5_000_000 && statusesOf(lastText).length === 2) socket.end();
    });
    socket.on('end', () => socket.end());
    // The following request arrives while a response waits for its client.
    socket.pause();
    socket.write(first);
    await sendAny(new URL('/health', served.url).href);
    socket.write(head('GET /health', host) + upgrade);
    await sendAny(new URL('/health', served.url).href);
    socket.resume();
    await closed;
    expect(size).toBeGreaterThan(5_000_000);
    expect(statusesOf(lastText)).toEqual(['200', status]);
  });
});

describe('the script of GraphiQL', () => {
  /** A client that never reads the response that it requested. */
  const ask = async ({ socket }: RawClient, request: string): Promise<Socket> => {
    socket.pause();
    await new Promise<void>((resolve) => void socket.write(request, () => resolve()));
    return socket;
  };

  it.each(['plain', 'TLS'] as const)(
    'is not held in memory once per request that does not read it, by %s',
    async (way) => {
      const served = way === 'plain' ? services.plain : services.secure;
      const path = await scriptOf(served);
      const script = (): Promise<string> => sendAny(new URL(path, served.url).href);
      expect((await script()).length).toBeGreaterThan(5_000_000);
      const before = peakOf(served);
      const request = head(`GET ${path}`, host);
      const open = listeners[way];
      const sockets = [
        await ask(open(), request.repeat(100)),
        ...(await Promise.all(Array.from({ length: 50 }, () => ask(open(), request)))),
      ];
      // Asked last, it is there after the others have been made.
      await script();
      const grown = peakOf(served) - before;
      for (const socket of sockets) socket.destroy();
      expect(grown).toBeLessThan(100_000);
    },
  );
});
