/** Connections beyond the limits, over each kind of listener and by each transport. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectionQuota, type ConnectionLimits } from '../../../src/limits/connection-quota.ts';
import { connectionsWithin } from '../../../src/limits/open-files.ts';
import { TrustedProxies } from '../../../src/server/auth/remote-address.ts';
import { guestAuthenticator } from '../../../src/server/auth/authenticator.ts';
import { createHttpServer } from '../../../src/server/http/http-server.ts';
import type { ServerOptions } from '../../../src/server/server.ts';
import { rawClient, sendRaw, type RawClient, type RawTarget } from '../../raw-client.ts';
import { clientOptions, tlsText } from '../../secure.ts';
import { until } from '../../until.ts';
import { startLiveService, type LiveService } from '../live-service.ts';

const unlimited = 1_000;
const clients: RawClient[] = [];
const folders: string[] = [];
let service: LiveService;
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await service.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(limits: Partial<ConnectionLimits>, options: Partial<ServerOptions> = {}): Promise<void> {
  const all = { maxConnections: unlimited, maxConnectionsPerAddress: unlimited, ...limits };
  service = await startLiveService({
    ...options,
    connectionQuota: new ConnectionQuota(all),
    trustedProxies: ['127.0.0.1'],
  });
}

/** A connection that is kept, once the service has answered on it. */
async function keep(target: RawTarget): Promise<RawClient> {
  const client = rawClient(target);
  clients.push(client);
  client.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(client.socket, 'data');
  return client;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol': 'graphql-transport-ws',
};

/** Sends a request on a connection of its own. */
function ask(target: RawTarget, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const place =
    target.kind === 'guest socket' ? { socketPath: target.path } : { host: '127.0.0.1', port: target.port };
  const all = { host: 'localhost', authorization: `Bearer ${service.rootToken}`, ...headers };
  const options = { ...place, path, agent: false, headers: all };
  return new Promise((resolve, reject) => {
    const request =
      target.kind === 'TLS'
        ? httpsRequest({ ...options, ...clientOptions(null), servername: 'localhost' })
        : httpRequest(options);
    request.on('error', reject);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '' });
    });
    request.on('response', (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.end();
  });
}

const query = '/graphql?query={hello}';
/** Each transport, with its response if nothing is limited. */
const ways: readonly (readonly [
  name: string,
  path: string,
  headers: Record<string, string>,
  status: number,
])[] = [
  ['GET', query, {}, 200],
  ['SSE', query, { accept: 'text/event-stream' }, 200],
  ['WebSocket', '/graphql', upgrade, 101],
];

async function expectRefused(target: RawTarget, refusal: { status: number; code: string }, more = {}) {
  for (const [name, path, headers] of ways) {
    const { status, headers: got, text } = await ask(target, path, { ...headers, ...more });
    expect([name, status]).toEqual([name, refusal.status]);
    expect(got).toMatchObject({ 'retry-after': '5', connection: 'close' });
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: refusal.code, limit: 1 } }] });
  }
  expect((await ask(target, '/health', more)).status).toBe(200);
}

/** Each is answered once the connection before has ended for the service, too. */
async function expectAnswered(target: RawTarget, more = {}): Promise<void> {
  for (const [, path, headers, status] of ways)
    await until(async () => (await ask(target, path, { ...headers, ...more })).status === status);
}

const tls = { context: { cert: tlsText('server.pem'), key: tlsText('server.key') }, clients: null };

describe('connections beyond the total limit', () => {
  it.each(['plain', 'TLS', 'guest socket'] as const)(
    'get OVERLOADED, except for /health, until others end: %s',
    async (kind) => {
      await start({ maxConnections: 1 }, kind === 'TLS' ? { tls } : {});
      let target: RawTarget;
      if (kind === 'guest socket') {
        const folder = mkdtempSync(join(tmpdir(), 'hvql-quota-'));
        folders.push(folder);
        const server = createHttpServer();
        const path = join(folder, 'guest');
        server.listen(path);
        await once(server, 'listening');
        service.addListener(server, guestAuthenticator(5n));
        target = { kind, path };
      } else target = { kind, port: service.port };
      const kept = await keep(target);
      await expectRefused(target, { status: 503, code: 'OVERLOADED' });
      kept.socket.destroy();
      await expectAnswered(target);
    },
  );

  it('are accepted in place of idle ones, so that /health always responds', async () => {
    await start({ maxConnections: 1 });
    const target = { kind: 'plain', port: service.port } as const;
    await keep(target);
    const idle = Array.from({ length: 64 }, () => rawClient(target));
    clients.push(...idle);
    for (const { socket } of idle) socket.resume().on('end', () => socket.end());
    await Promise.all(idle.map(({ socket }) => once(socket, 'connect')));
    expect((await ask(target, '/health')).status).toBe(200);
    await idle[0]?.closed;
    expect(idle.filter(({ socket }) => socket.closed).length).toBeLessThan(64);
  });
});

describe('connections beyond the limit per address', () => {
  it('get BUDGET_EXCEEDED for that client of a trusted proxy only, until its streams end', async () => {
    await start({ maxConnectionsPerAddress: 1 });
    const target = { kind: 'plain', port: service.port } as const;
    const [client, other] = [{ 'x-forwarded-for': '2001:db8::1' }, { 'x-forwarded-for': '2001:db8:0:1::1' }];
    const stream = httpRequest({
      port: service.port,
      path: '/graphql?query=subscription{tick}',
      agent: false,
      headers: { authorization: `Bearer ${service.rootToken}`, accept: 'text/event-stream', ...client },
    });
    stream.on('error', () => undefined).end();
    await once(stream, 'response');
    // Of the same network.
    await expectRefused(
      target,
      { status: 429, code: 'BUDGET_EXCEEDED' },
      { 'x-forwarded-for': '2001:db8::2' },
    );
    await expectAnswered(target, other);
    stream.destroy();
    await until(async () => (await ask(target, query, client)).status === 200);
  });

  it('are counted until they end, except over UNIX sockets, from loopback and from proxies', () => {
    const quota = new ConnectionQuota({ maxConnections: unlimited, maxConnectionsPerAddress: 1 });
    const proxies = new TrustedProxies(['10.0.0.1']);
    const enter = (remoteAddress: string | undefined) =>
      quota.enter(proxies.countedAddress({ remoteAddress }), () => undefined);
    for (const address of [undefined, '127.0.0.1', '::1', '10.0.0.1', '::ffff:10.0.0.1']) {
      expect([enter(address).problem, enter(address).problem]).toEqual([null, null]);
    }
    const first = enter('192.0.2.1');
    expect(first.problem).toBeNull();
    expect(enter('::ffff:192.0.2.1').problem).toMatchObject({ code: 'BUDGET_EXCEEDED' });
    expect(enter('192.0.2.2').problem).toBeNull();
    first.leave();
    expect(enter('192.0.2.1').problem).toBeNull();
  });
});

describe('declined upgrades', () => {
  it('close a connection after a hundred of them, each of which gets a response', async () => {
    await start({});
    const offer = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    const text = await sendRaw({ kind: 'plain', port: service.port }, offer.repeat(101));
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(100);
    expect(text.match(/Connection: close/gi)).toHaveLength(1);
  });
});

describe('the limit on connections, derived from the limit on open files', () => {
  it.each([
    [20_000, 'simulator', 19_744],
    [20_000, 'pages:/a', 17_696],
    [1_024, 'pages:/a', 512],
    [400, 'pages:/a', 200],
    [20_000, 'mshv', 15_392],
    [4_096, 'mshv:/a', 2_048],
    [Infinity, 'windows', Infinity],
  ])('of %s files, leaves some to the source %s: %s connections', (openFiles, source, connections) => {
    expect(connectionsWithin(openFiles, source)).toBe(connections);
  });
});
