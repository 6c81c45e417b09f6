import { once } from 'node:events';
import { connect } from 'node:net';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { createClient, type Client } from 'graphql-sse';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startLiveService, openRawStream, type LiveService } from './live-service.ts';
import { describeSubscription } from '../contract/subscription.ts';
import { until } from '../until.ts';
import { secretText, send } from './test-service.ts';

let service: LiveService;
let client: Client;
beforeAll(async () => {
  service = await startLiveService();
  client = createClient({
    url: service.url,
    headers: { authorization: `Bearer ${service.rootToken}` },
    retryAttempts: 0,
  });
});
afterEach(() => {
  for (const stream of service.streams) expect(stream.isRushed).toBe(false);
});
afterAll(async () => {
  client.dispose();
  await service.close();
});

const post = (query: unknown, accept = 'text/event-stream', more: object = {}): Promise<Response> =>
  service.post(
    { query, ...more },
    {
      headers: {
        accept,
        'content-type': 'application/json',
        authorization: `Bearer ${service.rootToken}`,
      },
    },
  );
const complete = 'event: complete\ndata: \n\n';

describeSubscription('graphql-sse', () => ({
  service,
  iterate: (query) => client.iterate({ query }) as AsyncIterableIterator<ExecutionResult>,
}));

describe('the end of a token', () => {
  it.each(['HTTP/1.1', 'HTTP/1.0'])('ends an idle stream and its connection, over %s', async (version) => {
    const own = await startLiveService({ pingMilliseconds: 20 });
    own.clock.expiresAt = own.clock.now + 1_000;
    const query = encodeURIComponent('subscription { tick }');
    const socket = connect(own.port, '127.0.0.1');
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    const head = ['Host: localhost', 'Accept: text/event-stream', `Authorization: Bearer ${own.rootToken}`];
    socket.write(
      [`GET /graphql?query=${query} ${version}`, ...head, 'Connection: keep-alive', '\r\n'].join('\r\n'),
    );
    const stream = await own.stream();
    stream.tick('one');
    await until(() => text.includes('"tick":"one"'));
    own.clock.now += 1_000;
    await once(socket, 'end');
    expect(text.match(/event: \w+/g)).toEqual(['event: next', 'event: next']);
    expect(text).toContain(
      '{"errors":[{"message":"The token has expired, so the stream has ended.","extensions":{"code":"UNAUTHENTICATED"}}]}',
    );
    expect(stream.returns).toBe(1);
    await own.close();
  });
});

describe('an event stream response', () => {
  it('begins immediately, before the first event, with headers that prevent buffering', async () => {
    const response = await post('subscription { tick }');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      // The end of a token, or of the service, ends the connection: no client may send another request on it.
      connection: 'close',
    });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value as Uint8Array).toString()).toBe(':\n\n');
    (await service.stream()).end();
    expect(Buffer.from((await reader?.read())?.value as Uint8Array).toString()).toBe(complete);
  });

  it('contains a single result for a query', async () => {
    const response = await post('{ hello }');
    expect(response.headers.get('connection')).toBe('keep-alive');
    expect(await response.text()).toBe(`:\n\nevent: next\ndata: {"data":{"hello":"world"}}\n\n${complete}`);
  });

  it('can be requested by GET', async () => {
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${service.rootToken}` };
    const parameters = new URLSearchParams({
      query: 'query A { hello } subscription B { tick }',
      operationName: 'B',
    });
    const answer = fetch(`${service.url}?${parameters.toString()}`, { headers });
    const stream = await service.stream();
    stream.tick('one');
    await until(() => stream.pulls === 2);
    stream.end();
    expect(await (await answer).text()).toBe(
      `:\n\nevent: next\ndata: {"data":{"tick":"one"}}\n\n${complete}`,
    );
  });

  it.each([
    ['{ hallo }', {}, 'Cannot query field "hallo"', 'GRAPHQL_VALIDATION_FAILED'],
    ['{', {}, 'Syntax Error', 'GRAPHQL_PARSE_FAILED'],
    ['query A { hello } query B { hello }', {}, 'Could not determine', 'OPERATION_RESOLUTION_FAILURE'],
    ['subscription { refused }', {}, 'Too many streams.', 'LIMIT_EXCEEDED'],
    ['{ hello ' + ' hello'.repeat(20_000) + '}', {}, ' 10000 tokens', 'LIMIT_EXCEEDED'],
  ])('has an event that says why an operation cannot run (%#)', async (query, more, message, code) => {
    const response = await post(query, 'text/event-stream', more);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(/^:\n\nevent: next\ndata: .*\n\nevent: complete\ndata: \n\n$/);
    const { errors, ...rest } = JSON.parse(/data: (.*)\n/.exec(text)?.[1] ?? '');
    expect(rest).toEqual({});
    expect(errors[0].message).toContain(message);
    expect(errors[0].extensions.code).toBe(code);
    expect(errors[0].extensions).not.toHaveProperty('http');
  });

  it('is denied without an identity, like any other response', async () => {
    const answer = await send(service.url, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: ['{"query":"subscription { tick }"}'],
    });
    expect([answer.status, answer.headers['content-type']]).toEqual([401, 'application/json; charset=utf-8']);
  });

  it.each([
    ['application/json, text/event-stream', '{ hello }', 'application/json'],
    [
      'application/graphql-response+json, application/json, text/event-stream, multipart/mixed',
      '{',
      'application/graphql-response+json',
    ],
    ['text/event-stream;q=0, application/json', '{ hello }', 'application/json'],
    ['application/graphql-response+json, text/event-stream', 'subscription { refused }', 'text/event-stream'],
    ['text/event-stream, */*', 'subscription { refused }', 'text/event-stream'],
    ['*/*', 'subscription { refused }', 'text/event-stream'],
    ['', 'subscription { refused }', 'text/event-stream'],
    ['application/json, text/plain, */*', 'subscription { refused }', 'text/event-stream'],
    ['text/event-stream; charset=utf-8', 'subscription { refused }', 'text/event-stream'],
    ['text/*', 'subscription { refused }', 'text/event-stream'],
    ['*/*', '{ hello }', 'application/json'],
    ['*/*', '{', 'application/json'],
  ])(
    'is chosen, for the accepted types %s and the operation %s, where it applies',
    async (accept, query, type) => {
      const response = await post(query, accept);
      expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
      await response.text();
    },
  );

  it.each([
    'application/json',
    'text/event-stream;q=0, */*',
    'application/graphql-response+json',
    'multipart/mixed',
  ])('is required for a subscription; a client that accepts %s gets an error', async (accept) => {
    const response = await post('subscription { tick }', accept);
    expect(response.status).toBe(406);
    if (accept !== 'multipart/mixed') {
      expect(await response.json()).toEqual({
        errors: [
          {
            message:
              'A subscription is answered with events: send "Accept: text/event-stream" (Server-Sent Events), or use ' +
              'a WebSocket with the subprotocol graphql-transport-ws.',
            extensions: { code: 'NOT_ACCEPTABLE' },
          },
        ],
      });
    }
  });
});

describe('an error in an event', () => {
  it('is masked, and equal for all who receive the event', async () => {
    const clients = [await openRawStream(service), await openRawStream(service)];
    const streams = [await service.stream(), await service.stream()];
    const event = {
      data: { tick: null },
      errors: [new GraphQLError(secretText, { path: ['tick'], originalError: new Error(secretText) })],
    };
    for (const stream of streams) {
      stream.push(event);
      stream.end();
    }
    await until(() => clients.every(({ text }) => text().includes('complete')));
    const [one, other] = clients.map(({ text }) => /data: (.*)\n/.exec(text())?.[1]);
    for (const { socket, text } of clients) {
      expect(text()).not.toContain('swordfish');
      socket.destroy();
    }
    expect(one).toBe(other);
    expect(JSON.parse(one ?? '')).toMatchObject({
      data: { tick: null },
      errors: [{ message: 'Unexpected error', path: ['tick'] }],
    });
    expect(service.complaints()).toHaveLength(1);
    service.lines.length = 0;
  });

  it('is masked if it ends the stream', async () => {
    const answer = post('subscription { tick }');
    const stream = await service.stream();
    stream.fail(new Error(secretText));
    const text = await (await answer).text();
    expect(text).not.toContain('swordfish');
    expect(text).toMatch(/"message":"Unexpected error".*\n\nevent: complete\ndata: \n\n$/);
    expect(stream.returns).toBe(1);
  });

  it('is masked if the subscription cannot start', async () => {
    const text = await (await post('subscription { broken }')).text();
    expect(text).not.toContain('swordfish');
    expect(text).toContain('"message":"Unexpected error"');
    service.lines.length = 0;
  });
});

describe('an idle event stream', () => {
  it('receives pings, and an active one does not', async () => {
    const own = await startLiveService({ pingMilliseconds: 200 });
    const quiet = await openRawStream(own);
    const busy = await openRawStream(own);
    const [, stream] = [await own.stream(), await own.stream()];
    const pings = (text: string): number => text.match(/(?<=\n):\n\n/g)?.length ?? 0;
    // Where the machine pauses this process, the busy stream is quiet too.
    await until(() => {
      stream.tick('still here');
      return pings(quiet.text()) >= 4 + 2 * pings(busy.text());
    });
    quiet.socket.destroy();
    busy.socket.destroy();
    await own.close();
  });
});

describe('the server log', () => {
  it('contains the beginning and the end of a stream at debug', async () => {
    const own = await startLiveService({ first: { data: { tick: 'one' } } });
    const { socket, text } = await openRawStream(own, { query: 'subscription Watch { tick }' });
    await until(() => text().includes('one'));
    socket.destroy();
    const logged = (): Record<string, unknown>[] => own.lines.map((line) => JSON.parse(line));
    await until(() => logged().some(({ msg }) => msg === 'request'));
    const who = { level: 20, transport: 'sse', partition: '1', operation: 'Watch' };
    expect(logged().find(({ msg }) => msg === 'stream opened')).toMatchObject(who);
    expect(logged().find(({ msg }) => msg === 'stream closed')).toMatchObject({ ...who, events: 1 });
    expect(own.lines.join('')).not.toContain(own.rootToken);
    await own.close();
  });
});

describe('a server that is shut down', () => {
  it('ends its event streams without completing them, in every state', async () => {
    let closeStreams = 0;
    const own = await startLiveService({
      closeStreams: () => {
        closeStreams += 1;
        for (const stream of own.streams) stream.end();
      },
      graceMilliseconds: 600_000,
    });
    const [early, waiting] = [await openRawStream(own), await openRawStream(own)];
    const streams = [await own.stream(), await own.stream()];
    streams[1]?.tick('one');
    await until(() => waiting.text().includes('one'));
    // A third has not even begun.
    let letGo: () => void = () => undefined;
    own.gate.until = new Promise((resolve) => (letGo = resolve));
    const late = await openRawStream(own);
    await until(() => late.text().includes(':\n\n'));
    const ends = [early, waiting, late].map(async ({ socket }) => once(socket, 'close'));
    const closed = own.close();
    letGo();
    await Promise.all([...ends, closed]);
    for (const { text } of [early, waiting, late]) {
      expect(text()).not.toContain(complete);
      // The answer is whole.
      expect(text()).toMatch(/\r\n0\r\n\r\n$/);
    }
    expect(closeStreams).toBe(1);
    for (const stream of own.streams) expect(stream.isDone).toBe(true);
    expect(own.streams[2]?.returns).toBe(1);
    expect(own.complaints()).toEqual([]);
  });
});
