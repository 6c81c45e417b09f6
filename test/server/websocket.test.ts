import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/server/http/http-server.ts';
import { declineUpgrade } from '../../src/server/websocket/upgrade.ts';
import { operationLimit } from '../../src/server/websocket/websocket-connection.ts';
import { closeReason } from '../../src/server/websocket/websocket-message.ts';
import {
  openAcknowledged,
  openRawWebSocket,
  startLiveService,
  subscribeMessage,
  upgrade,
  type LiveService,
} from './live-service.ts';
import { describeSubscription } from '../contract/subscription.ts';
import { until } from '../until.ts';
import { connectionsOf, requesterOf, secretText, send } from './test-service.ts';

let service: LiveService;
let client: Client;
const clientOf = (own: LiveService, token = own.rootToken): Client =>
  createClient({
    url: own.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
beforeAll(async () => {
  service = await startLiveService();
  client = clientOf(service);
});
afterEach(() => {
  for (const stream of service.streams) expect(stream.isRushed).toBe(false);
});
afterAll(async () => {
  await client.dispose();
  await service.close();
});

const init = (token = service.rootToken): object => ({
  type: 'connection_init',
  payload: { Authorization: `Bearer ${token}` },
});
describeSubscription('graphql-ws', () => ({
  service,
  iterate: (query) => client.iterate({ query }) as AsyncIterableIterator<ExecutionResult>,
}));

describe('an operation over graphql-ws', () => {
  it('can run at the same time as other operations on its connection, queries among them', async () => {
    const answers = ['{ hello }', '{ denied }', '{ broken }'].map(
      async (query) => (await client.iterate({ query }).next()).value,
    );
    const [hello, denied, broken] = await Promise.all(answers);
    expect(hello).toEqual({ data: { hello: 'world' } });
    expect(denied).toMatchObject({ data: { denied: null }, errors: [{ message: 'Not yours.' }] });
    expect(JSON.stringify(broken)).not.toContain('swordfish');
    expect(broken).toMatchObject({ data: { broken: null }, errors: [{ message: 'Unexpected error' }] });
  });

  it.each([
    ['{ hallo }', {}, 'Cannot query field "hallo"', 'GRAPHQL_VALIDATION_FAILED'],
    ['{', {}, 'Syntax Error', 'GRAPHQL_PARSE_FAILED'],
    ['query A { hello } query B { hello }', {}, 'Could not determine', 'OPERATION_RESOLUTION_FAILURE'],
    ['subscription { refused }', {}, 'Too many streams.', 'LIMIT_EXCEEDED'],
    ['subscription { broken }', {}, 'Unexpected error', 'INTERNAL_SERVER_ERROR'],
    ['{ hello ' + ' hello'.repeat(20_000) + '}', {}, ' 10000 tokens', 'LIMIT_EXCEEDED'],
  ])('gets the reason why it cannot run (%#)', async (query, more, message, code) => {
    const { messages, send, socket } = await openAcknowledged(service);
    send({ id: 'a', type: 'subscribe', payload: { query, ...more } });
    await until(() => messages.length === 2);
    expect(messages[1]).toMatchObject({ id: 'a', type: 'error' });
    const payload = messages[1]?.['payload'] as
      { message: string; extensions: Record<string, unknown> }[] | undefined;
    const [error] = payload ?? [];
    expect(error?.message).toContain(message);
    expect(error?.extensions['code']).toBe(code);
    expect(error?.extensions).not.toHaveProperty('http');
    socket.close();
  });
});

describe('WebSocket messages', () => {
  it('conform to the protocol', async () => {
    const { messages, send, socket, closed } = await openRawWebSocket(service);
    expect([socket.protocol, socket.extensions]).toEqual(['graphql-transport-ws', '']);
    send(init());
    send({ type: 'ping', payload: { n: 1 } });
    await until(() => messages.length === 2);
    send({ type: 'ping' });
    send({ type: 'pong' });
    send({ type: 'complete', id: 'unknown' });
    send(subscribeMessage('"é"'));
    const stream = await service.stream();
    stream.tick('one');
    await until(() => messages.length === 4);
    stream.end();
    await until(() => messages.length === 5);
    socket.close(1000);
    await closed;
    const pong = { type: 'pong', payload: { n: 1 } };
    expect(messages.slice(0, 2)).toEqual(expect.arrayContaining([pong, { type: 'connection_ack' }]));
    expect(messages.slice(2)).toEqual([
      { type: 'pong' },
      { id: '"é"', type: 'next', payload: { data: { tick: 'one' } } },
      { id: '"é"', type: 'complete' },
    ]);
  });

  it('are refused if they are nested too deeply, before and after authentication', async () => {
    const complaints = service.complaints().length;
    const nested = '['.repeat(200_000) + ']'.repeat(200_000);
    const ping = `{"type":"ping","payload":{"deep":${nested}}}`;
    const subscribe = `{"type":"subscribe","id":"a","payload":{"query":"{ hello }","variables":{"deep":${nested}}}}`;
    const anonymous = await openRawWebSocket(service);
    anonymous.send(ping);
    expect(await anonymous.closed).toEqual({ code: 4400, reason: 'Invalid message received' });
    for (const message of [ping, subscribe]) {
      const { send, closed } = await openAcknowledged(service);
      send(message);
      expect((await closed).code).toBe(4400);
    }
    expect(service.complaints()).toHaveLength(complaints);
  });

  it('include responses to the pings of the protocols', async () => {
    const { socket } = await openRawWebSocket(service);
    const answered = new Promise((resolve) => socket.once('pong', resolve));
    socket.ping('x');
    expect(String(await answered)).toBe('x');
    socket.close();
  });

  it('of an operation stop when the client ends it, also before it has begun', async () => {
    const own = await startLiveService();
    let letGo: () => void = () => undefined;
    own.gate.until = new Promise((resolve) => (letGo = resolve));
    const { messages, send, socket, closed } = await openAcknowledged(own);
    // The same id again, while the first is still on its way: they must not be taken for one another.
    send(subscribeMessage('a'));
    send({ type: 'complete', id: 'a' });
    send(subscribeMessage('a'));
    send({ type: 'ping' });
    await until(() => messages.length === 2);
    letGo();
    const [first, second] = [await own.stream(), await own.stream()];
    await until(() => first.returns === 1);
    second.tick('two');
    await until(() => messages.length === 3);
    expect(messages[2]).toEqual({ id: 'a', type: 'next', payload: { data: { tick: 'two' } } });
    send({ type: 'complete', id: 'a' });
    await until(() => second.returns === 1);
    expect([first.pulls, first.returns, second.returns]).toEqual([0, 1, 1]);
    // An id whose operation is over is free.
    send(subscribeMessage('a'));
    (await own.stream()).end();
    await until(() => messages.length === 4);
    expect(messages[3]).toEqual({ id: 'a', type: 'complete' });
    socket.close();
    await closed;
    await own.close();
  });

  it('mask the error of an event that fails', async () => {
    const { messages, send, socket } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    const stream = await service.stream();
    stream.fail(new Error(secretText));
    await until(() => messages.length === 3);
    expect(JSON.stringify(messages)).not.toContain('swordfish');
    expect(messages[1]).toMatchObject({
      type: 'next',
      payload: { errors: [{ message: 'Unexpected error' }] },
    });
    expect(messages[2]).toEqual({ id: 'a', type: 'complete' });
    expect(stream.returns).toBe(1);
    socket.close();
  });
});

describe('a caller is authenticated', () => {
  it.each<[string, (authorization: string) => object]>([
    ['in its usual spelling', (Authorization) => ({ Authorization })],
    ['in lower case', (authorization) => ({ authorization })],
    ['in upper case', (AUTHORIZATION) => ({ AUTHORIZATION })],
    ['within the key headers', (Authorization) => ({ headers: { Authorization } })],
    ['within the key headers, in lower case', (authorization) => ({ headers: { authorization } })],
    [
      'twice with one value',
      (Authorization) => ({ Authorization, headers: { authorization: Authorization } }),
    ],
    ['among other keys', (authorization) => ({ clientName: 'x', headers: { 'x-a': 1, authorization } })],
    [
      'together with keys that are null',
      (authorization) => ({ authorization, Authorization: null, headers: null }),
    ],
  ])('by the authorization in the payload %s', async (_, payloadOf) => {
    const { messages, send, socket } = await openRawWebSocket(service);
    send({ type: 'connection_init', payload: payloadOf(`Bearer ${service.rootToken}`) });
    await until(() => messages.length === 1);
    expect(messages).toEqual([{ type: 'connection_ack' }]);
    socket.close();
  });
});

describe('a connection is closed', () => {
  it.each([
    ['no payload', { type: 'connection_init' }, /^No identity was given/],
    [
      'an empty payload',
      { type: 'connection_init', payload: { Authorization: '' } },
      /^No identity was given/,
    ],
    [
      'a number',
      { type: 'connection_init', payload: { Authorization: 5 } },
      /^In connection_init, "Authorization" is of type number; expected "Bearer <token>"\.$/,
    ],
    [
      'a list',
      { type: 'connection_init', payload: { headers: { authorization: ['Bearer x'] } } },
      /^In connection_init, "headers\.authorization" is of type array; expected "Bearer <token>"\.$/,
    ],
    [
      'two different tokens',
      {
        type: 'connection_init',
        payload: { Authorization: 'Bearer x', headers: { authorization: 'Bearer y' } },
      },
      /^In connection_init, "Authorization" and "headers\.authorization" differ: give one authorization\.$/,
    ],
    [
      'another key',
      { type: 'connection_init', payload: { headers: {}, authToken: 'x' } },
      /^No identity was given: expected "Authorization", but connection_init has "authToken"\.$/,
    ],
    [
      'another header',
      { type: 'connection_init', payload: { headers: { 'x-token-of-the-caller-who-asks': 'x' } } },
      /^No identity was given: expected "Authorization", but connection_init has "headers\.x-token-of-the-c…"\.$/,
    ],
    [
      'headers that are not an object',
      { type: 'connection_init', payload: { headers: 'Authorization: Bearer x' } },
      /^No identity was given: expected "Authorization", but connection_init has "headers"\.$/,
    ],
    [
      'a bad token',
      { type: 'connection_init', payload: { Authorization: 'Bearer x' } },
      /^The token is not a JSON Web Token: .* signature\.$/,
    ],
    [
      'another form',
      { type: 'connection_init', payload: { Authorization: 'Basic x' } },
      /^The authorization/,
    ],
  ])('with 4401 for an init with %s', async (_, message, reason) => {
    // Only the payload of the message counts.
    const headers = { authorization: `Bearer ${service.rootToken}` };
    const { send, closed } = await openRawWebSocket(service, { headers });
    send(message);
    const close = await closed;
    expect(close.code).toBe(4401);
    expect(close.reason).toMatch(reason);
  });

  it('with 4401 for an operation before the init has been acknowledged', async () => {
    const { send, closed, messages } = await openRawWebSocket(service);
    send(init());
    send(subscribeMessage('a'));
    expect(await closed).toEqual({ code: 4401, reason: 'Unauthorized' });
    expect(messages).toEqual([]);
  });

  it('with 4408 for an init that arrives too late', async () => {
    const own = await startLiveService({ initMilliseconds: 20 });
    const { closed } = await openRawWebSocket(own);
    expect(await closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' });
    await own.close();
  });

  it('with 4429 for a second init', async () => {
    const { send, closed } = await openAcknowledged(service);
    send(init());
    expect(await closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
  });

  it('with 4409 for a second operation under the id of a running one', async () => {
    const { send, closed } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    const stream = await service.stream();
    send(subscribeMessage('a', '{ hello }'));
    expect(await closed).toEqual({ code: 4409, reason: 'Subscriber for a already exists' });
    expect(stream.returns).toBe(1);
  });

  it.each([[['graphql-ws']], [[]]])('with 4406 for the subprotocols %j', async (protocols) => {
    const { closed } = await openRawWebSocket(service, { protocols });
    expect(await closed).toEqual({
      code: 4406,
      reason: 'Subprotocol not acceptable: expected graphql-transport-ws',
    });
  });

  it.each([
    ['a text that is not JSON', '{'],
    ['an unknown type', { type: 'start' }],
    ['a message of the server', { type: 'connection_ack' }],
    ['no id', { type: 'subscribe', payload: { query: '{ hello }' } }],
    ['no payload', { type: 'subscribe', id: 'a' }],
    ['a batch', { type: 'subscribe', id: 'a', payload: [{ query: '{ hello }' }] }],
    ['an id that is too long', subscribeMessage('a'.repeat(257))],
    ['null', null],
  ])('with 4400 for %s', async (_, message) => {
    const { send, closed } = await openAcknowledged(service);
    send(message);
    expect(await closed).toEqual({ code: 4400, reason: 'Invalid message received' });
  });

  it('with 4400 for a ping that is nested too deeply to be answered, from every client', async () => {
    const { socket, closed } = await openRawWebSocket(service);
    socket.send(`{"type":"ping","payload":{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`);
    expect(await closed).toEqual({ code: 4400, reason: 'Invalid message received' });
  });

  it('with 4400 for a binary message', async () => {
    const { socket, closed } = await openAcknowledged(service);
    socket.send(Buffer.from('{"type":"ping"}'));
    expect((await closed).code).toBe(4400);
  });

  it('with 1009 for a message that is too long', async () => {
    const { send, closed } = await openAcknowledged(service);
    send(subscribeMessage('a', '{ hello }'.padEnd(1_048_577)));
    expect((await closed).code).toBe(1009);
  });

  it('with 4500 for an unexpected error of the service, which is masked', async () => {
    const identity = { authenticate: () => Promise.reject(new Error(secretText)) };
    const own = await startLiveService({ identity });
    const { send, closed } = await openRawWebSocket(own);
    send(init());
    expect(await closed).toEqual({ code: 4500, reason: 'Internal server error' });
    expect(own.complaints()).toHaveLength(1);
    await own.close();
  });
});

describe('the reason of a close frame', () => {
  it.each([
    ['short', 'short'],
    ['a'.repeat(123), 'a'.repeat(123)],
    ['a'.repeat(124), `${'a'.repeat(120)}…`],
    ['a' + 'é'.repeat(100), `a${'é'.repeat(59)}…`],
    ['🙂'.repeat(40), `${'🙂'.repeat(30)}…`],
  ])('fits into its frame: %s', (text, reason) => {
    expect(closeReason(text)).toBe(reason);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });
});

describe('the expiry of a token', () => {
  const start = async (): Promise<LiveService> => {
    const own = await startLiveService({ pingMilliseconds: 20 });
    own.clock.expiresAt = own.clock.now + 1_000;
    return own;
  };

  it('closes a connection without streams with 4403', async () => {
    const own = await start();
    const { closed } = await openAcknowledged(own);
    own.clock.now += 1_000;
    expect(await closed).toEqual({ code: 4403, reason: 'The token has expired' });
    await own.close();
  });

  it('closes a connection with streams with 4403 after the last event of each', async () => {
    const own = await start();
    const { closed, messages, send } = await openAcknowledged(own);
    send(subscribeMessage('a'));
    send(subscribeMessage('b'));
    const streams = [await own.stream(), await own.stream()];
    own.clock.now += 1_000;
    expect((await closed).code).toBe(4403);
    const message = 'The token has expired, so the stream has ended.';
    const payload = { errors: [{ message, extensions: { code: 'UNAUTHENTICATED' } }] };
    expect(messages.slice(1)).toEqual([
      { id: 'a', type: 'next', payload },
      { id: 'b', type: 'next', payload },
    ]);
    expect(streams.map(({ returns }) => returns)).toEqual([1, 1]);
    await own.close();
  });

  it('prevents new operations', async () => {
    const own = await startLiveService();
    own.clock.expiresAt = own.clock.now + 1_000;
    const { closed, send } = await openAcknowledged(own);
    own.clock.now += 1_000;
    send(subscribeMessage('a'));
    expect((await closed).code).toBe(4403);
    expect(own.streams).toEqual([]);
    await own.close();
  });

  it('ends a stream that is still being opened', async () => {
    const own = await start();
    let open = (): void => undefined;
    own.gate.until = new Promise((resolve) => (open = resolve));
    const { closed, messages, send } = await openAcknowledged(own);
    send(subscribeMessage('a'));
    send({ type: 'ping' });
    await until(() => messages.length === 2);
    own.clock.now += 1_000;
    open();
    expect((await closed).code).toBe(4403);
    expect(messages.at(-1)).toMatchObject({ id: 'a', type: 'next', payload: { errors: [{}] } });
    await own.close();
  });

  it('lets pending queries complete', async () => {
    let answer = (): void => undefined;
    const waited = new Promise<string>((resolve) => (answer = () => resolve('done')));
    const own = await startLiveService({
      pingMilliseconds: 20,
      contextOf: (requester) => ({ ...requester, onWait: () => waited }),
    });
    own.clock.expiresAt = own.clock.now + 1_000;
    const { closed, messages, send } = await openAcknowledged(own);
    send(subscribeMessage('a', '{ wait }'));
    send(subscribeMessage('b'));
    await own.stream();
    own.clock.now += 1_000;
    await until(() => messages.length === 2);
    answer();
    expect((await closed).code).toBe(4403);
    expect(messages.slice(1)).toMatchObject([
      { id: 'b', type: 'next', payload: { errors: [{}] } },
      { id: 'a', type: 'next', payload: { data: { wait: 'done' } } },
      { id: 'a', type: 'complete' },
    ]);
    await own.close();
  });
});

describe('a connection', () => {
  it(`may have ${operationLimit} operations running`, async () => {
    const own = await startLiveService();
    const { messages, send, socket, closed } = await openAcknowledged(own);
    for (let n = 0; n <= operationLimit; n += 1) send(subscribeMessage(String(n)));
    await until(() => messages.length === 2);
    expect(messages[1]).toEqual({
      id: String(operationLimit),
      type: 'error',
      payload: [
        {
          message: 'This connection has 1000 operations running, the most that one may have.',
          extensions: { code: 'LIMIT_EXCEEDED', limit: 1_000, actual: 1_001 },
        },
      ],
    });
    send({ type: 'complete', id: '0' });
    send(subscribeMessage('one more'));
    await until(() => own.streams.length === operationLimit + 1);
    socket.close();
    await closed;
    await until(() => own.streams.every(({ returns }) => returns === 1));
    await own.close();
  });

  it('is pinged, and closed if no pong arrives', async () => {
    // The second one never sends credentials, for which other clients are disconnected after a while.
    const limits = { pingMilliseconds: 20, stallMilliseconds: 1_500, initMilliseconds: 600_000 };
    const own = await startLiveService(limits);
    const alive = await openAcknowledged(own);
    let pings = 0;
    alive.socket.on('ping', () => (pings += 1));
    const dead = new WebSocket(own.url.replace('http', 'ws'), 'graphql-transport-ws', { autoPong: false });
    const code = await new Promise((resolve) => dead.once('close', resolve));
    expect(code).toBe(1006);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
    expect(pings).toBeGreaterThan(2);
    await own.close();
  });

  it('is pinged less often while events are sent, but is closed as well if no pong arrives', async () => {
    const own = await startLiveService({ pingMilliseconds: 40, stallMilliseconds: 1_500 });
    const [quiet, busy] = [await openAcknowledged(own), await openAcknowledged(own)];
    busy.send(subscribeMessage('a', 'subscription { tick }'));
    const stream = await own.stream();
    const pings = { quiet: 0, busy: 0 };
    quiet.socket.on('ping', () => (pings.quiet += 1));
    busy.socket.on('ping', () => (pings.busy += 1));
    const ticking = setInterval(() => stream.tick('still here'), 5);
    await until(() => pings.busy >= 3 && pings.quiet > 2 * pings.busy);
    // It reads what is sent, but never responds.
    busy.socket.removeAllListeners('ping');
    Object.assign(busy.socket, { _autoPong: false });
    const { code } = await busy.closed;
    expect([code, quiet.socket.readyState]).toEqual([1006, quiet.socket.OPEN]);
    clearInterval(ticking);
    await own.close();
  });

  it('is logged at debug, without its token', async () => {
    const own = await startLiveService();
    const token = await own.identity.sign(5n);
    const { send, socket, messages } = await openAcknowledged(own, token);
    send(subscribeMessage('a', 'subscription Watch { tick }'));
    const stream = await own.stream();
    stream.tick('one');
    send(subscribeMessage('b', 'query Ask { hello }'));
    await until(() => messages.length === 4);
    socket.close();
    const logged = (): Record<string, unknown>[] => own.lines.map((line) => JSON.parse(line));
    await until(() => logged().some(({ msg }) => msg === 'connection closed'));
    const connectionId: unknown = logged()[0]?.['connectionId'];
    const who = { level: 20, transport: 'websocket', connectionId };
    const named = (name: string): unknown => logged().find(({ msg }) => msg === name);
    expect(named('connection opened')).toMatchObject(who);
    expect(named('stream opened')).toMatchObject({ ...who, partition: '5', operation: 'Watch' });
    expect(named('stream closed')).toMatchObject({ ...who, operation: 'Watch', events: 1 });
    expect(named('operation')).toMatchObject({ ...who, partition: '5', operation: 'Ask' });
    expect(named('connection closed')).toMatchObject({ ...who, partition: '5', code: 1005 });
    expect(own.lines.join('')).not.toContain(token);
    await own.close();
  });
});

describe('a server that is shut down', () => {
  it('lets queries complete, and closes with 1001 without completing its streams', async () => {
    let letGo: () => void = () => undefined;
    const opened = new Promise<string>((resolve) => (letGo = () => resolve('done')));
    const own = await startLiveService({
      contextOf: (requester) => ({ ...requesterOf(requester), onWait: () => opened }),
      closeStreams: () => own.streams.forEach((stream) => stream.end()),
      graceMilliseconds: 600_000,
    });
    const [busy, idle, silent] = [
      await openAcknowledged(own),
      await openAcknowledged(own),
      await openRawWebSocket(own),
    ];
    busy.send(subscribeMessage('stream'));
    busy.send(subscribeMessage('question', '{ wait }'));
    await own.stream();
    const closed = own.close();
    expect([(await idle.closed).code, (await silent.closed).code]).toEqual([1001, 1001]);
    letGo();
    expect(await busy.closed).toEqual({ code: 1001, reason: 'Going away' });
    expect(busy.messages.slice(1)).toEqual([
      { id: 'question', type: 'next', payload: { data: { wait: 'done' } } },
      { id: 'question', type: 'complete' },
    ]);
    await closed;
    expect(own.complaints()).toEqual([]);
  });
});

describe('an upgrade', () => {
  it.each(['/', '/graphql/', '/health', '/graphql/assets'])('at %s is refused', async (path) => {
    const { status, text } = await upgrade(service, {}, path);
    expect([status, JSON.parse(text)]).toEqual([
      404,
      {
        errors: [
          {
            message: 'There is no WebSocket at this path; GraphQL is at /graphql.',
            extensions: { code: 'NOT_FOUND' },
          },
        ],
      },
    ]);
  });

  it('under a foreign host name is refused in development mode', async () => {
    const { status, text } = await upgrade(service, { host: 'evil.example' });
    expect(status).toBe(403);
    expect(text).toContain('The Host header names another host');
  });

  it.each([
    'https://evil.example',
    'null',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    '',
    'file://',
    'https://dashboard.example.evil.example',
    'http://dashboard.example',
    'https://dashboard.example:8443',
  ])('by a page of %j is refused', async (origin) => {
    const own = await startLiveService({ allowedOrigins: ['https://dashboard.example'] });
    const { status, text } = await upgrade(own, { origin });
    await own.close();
    expect(status).toBe(403);
    expect(text).toContain(
      'Only pages of this origin or of an origin in --allowed-origins may send requests',
    );
  });

  it.each([
    [{ origin: 'https://dashboard.example' }],
    [{ origin: 'https://dashboard.example:443' }],
    [{ origin: 'http://hvql.example', host: 'HVQL.example:80' }],
    [{ origin: 'https://hvql.example:8443', host: 'hvql.example:8443' }],
    [{ host: 'hvql.example' }],
  ])('with %j is accepted', async (headers) => {
    const own = await startLiveService({
      allowedOrigins: ['https://Dashboard.example/'],
      allowedHosts: ['hvql.example'],
    });
    const { closed, socket } = await openRawWebSocket(own, { headers });
    socket.close();
    await closed;
    await own.close();
  });

  it('that is not a valid WebSocket handshake is refused with a message', async () => {
    expect(await upgrade(service, { 'sec-websocket-key': 'x' })).toEqual({
      status: 400,
      text: 'Missing or invalid Sec-WebSocket-Key header',
    });
  });

  it.each(['h2c', 'TLS/1.0'])('to %s is treated as if it had not been requested', async (protocol) => {
    const query = `{ hello(pad: "${randomUUID().repeat(5_000)}") }`;
    for (const connection of ['Upgrade, HTTP2-Settings', 'close, Upgrade']) {
      const answer = await send(service.url, {
        method: 'POST',
        headers: {
          connection,
          upgrade: protocol,
          'http2-settings': 'AAMAAABkAAQBAAAAAAIAAAAA',
          authorization: `Bearer ${service.rootToken}`,
          'content-type': 'application/json',
        },
        body: [JSON.stringify({ query })],
      });
      expect([answer.status, answer.body.toString()]).toEqual([200, '{"data":{"hello":"world"}}']);
    }
  });

  it('that is declined leaves nothing on its connection, however often it is requested', async () => {
    const server = createHttpServer();
    connectionsOf(server);
    server.on('upgrade', (request, socket: Socket, head) =>
      declineUpgrade(server, { request, socket, head })(),
    );
    const listeners: number[] = [];
    server.on('request', ({ socket }, response) => {
      listeners.push(socket.listenerCount('close'));
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    for (let n = 1; n <= 5; n += 1) {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      await until(() => listeners.length === n);
    }
    socket.destroy();
    server.close();
    expect(new Set(listeners.slice(1)).size).toBe(1);
  });

  /** Sends requests over one connection and returns the statuses of the responses until it is closed. */
  async function statusesOf(requests: readonly string[]): Promise<readonly string[]> {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write(requests.join(''));
    const text = (await socket.toArray()).join('');
    return text.match(/HTTP\/1\.1 \d+/g) ?? [];
  }
  const head = 'Host: 127.0.0.1\r\nUpgrade: h2c\r\n';

  it('to an unknown protocol may be requested repeatedly on one connection', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    const request = `GET /health HTTP/1.1\r\n${head}Connection: upgrade\r\n\r\n`;
    const last = `GET /health HTTP/1.1\r\n${head}Connection: close, upgrade\r\n\r\n`;
    const statuses = await statusesOf([...Array<string>(30).fill(request), last]);
    process.off('warning', onWarning);
    expect(statuses).toEqual(Array<string>(31).fill('HTTP/1.1 200'));
    expect(warnings).toEqual([]);
  });

  it('to an unknown protocol keeps the length of its body, however many headers there are', async () => {
    const body = `GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    const statuses = await statusesOf([
      `POST /health HTTP/1.1\r\n${head}Connection: close, upgrade\r\n`,
      'a:b\r\n'.repeat(2_100),
      `Content-Length: ${body.length}\r\n\r\n${body}`,
    ]);
    expect(statuses).toEqual(['HTTP/1.1 405']);
  });
});
