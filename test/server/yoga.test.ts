/** Surprising behaviour of Yoga, and how the service prevents it. */
import { afterEach, describe, expect, it } from 'vitest';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Identity } from '../../src/server/auth/identity.ts';
import type { AddedPlugin } from '../../src/server/yoga.ts';
import { openAcknowledged, startLiveService, type LiveService } from './live-service.ts';
import { until } from '../until.ts';
import { secretText, send } from './test-service.ts';

const services: LiveService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

async function start(options: Parameters<typeof startLiveService>[0] = {}): Promise<LiveService> {
  const service = await startLiveService(options);
  services.push(service);
  return service;
}

const active = (plugin: Plugin): AddedPlugin => ({ plugin, observesOnly: false });
const withPlugin = (plugin: Plugin): Promise<LiveService> => start({ plugins: [active(plugin)] });

/** The first answer to a query by each transport, as text. */
async function answers(service: LiveService, query = '{ hello }'): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${service.rootToken}` };
  const address = `${service.url}?query=${encodeURIComponent(query)}`;
  const events = { ...headers, accept: 'text/event-stream' };
  const { send: say, messages, socket } = await openAcknowledged(service);
  say({ id: 'a', type: 'subscribe', payload: { query } });
  await until(() => messages.length > 1);
  socket.close();
  return {
    POST: await (await service.post({ query })).text(),
    GET: await (await fetch(address, { headers })).text(),
    SSE: await (await fetch(address, { headers: events })).text(),
    WebSocket: JSON.stringify(messages[1]),
  };
}

const masked = /"message":"Unexpected error".*"code":"INTERNAL_SERVER_ERROR"/;

describe('an error that a plugin throws', () => {
  it('before the request is read results in an error message without a stack', async () => {
    const service = await withPlugin({
      onRequest() {
        throw new Error(secretText);
      },
    });
    const response = await service.post({ query: '{ hello }' });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      500,
      'application/json; charset=utf-8',
    ]);
    const text = await response.text();
    expect(text).toMatch(masked);
    expect(text).not.toContain(secretText);
    expect(text).not.toContain('.ts:');
  });

  it.each([
    ['a text', () => secretText],
    ['an object', () => ({ toString: () => secretText })],
    ['an Error', () => new Error(secretText)],
    ['an AbortError', () => new DOMException(secretText, 'AbortError')],
    ['a TimeoutError', () => new DOMException(secretText, 'TimeoutError')],
  ])('that is %s is masked on every transport', async (_, thrown) => {
    const hooks: Plugin[] = [
      {
        onContextBuilding() {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- anything can be thrown
          throw thrown();
        },
      },
      {
        onExecute() {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- anything can be thrown
          throw thrown();
        },
      },
    ];
    for (const plugin of hooks) {
      const service = await withPlugin(plugin);
      for (const text of Object.values(await answers(service))) {
        expect(text).toMatch(masked);
        expect(text).not.toContain(secretText);
        expect(text).not.toContain('"data"');
      }
    }
  });

  it('of type GraphQLError reaches the client, on every transport', async () => {
    const service = await withPlugin({
      onExecute() {
        throw new GraphQLError('Not on Sundays.', { extensions: { code: 'SUNDAY' } });
      },
    });
    for (const text of Object.values(await answers(service)))
      expect(text).toContain('{"message":"Not on Sundays.","extensions":{"code":"SUNDAY"}}');
  });
});

describe('a request', () => {
  it.each([
    ['GET', '/other?x=/graphql', 404],
    ['POST', '/other?x=/graphql', 404],
    ['POST', '/graphql?x=/health', 401],
    ['GET', '/graphql?x=/health', 401],
    ['GET', '/graphql?x=/graphql', 401],
    ['POST', '/graphql/', 404],
  ])('by %s %s without an identity has the status %i', async (method, path, status) => {
    const service = await start();
    const answer = await send(service.url, {
      method,
      path,
      headers: { 'content-type': 'application/json' },
      body: method === 'POST' ? ['{"query":"{ hello }"}'] : [],
    });
    expect(answer.status).toBe(status);
  });

  it('for a foreign host is refused before the page of GraphiQL is served', async () => {
    const service = await start();
    const headers = { host: 'evil.example', accept: 'text/html' };
    expect((await send(service.url, { headers })).status).toBe(403);
  });
});

describe("the HTTP extensions of Yoga's errors", () => {
  it.each(['{ hallo }', '{', 'query A { hello } query B { hello }', 'subscription { nothing }'])(
    'are removed on every transport, the first time and the second: %s',
    async (query) => {
      const service = await start();
      for (const _ of [1, 2]) {
        for (const text of Object.values(await answers(service, query))) {
          expect(text).toContain('"code"');
          expect(text).not.toContain('"http"');
        }
      }
    },
  );
});

describe('credentials that must be verified', () => {
  it('are verified once, in parallel with reading the body', async () => {
    let verified = 0;
    const plain = await start();
    const identity: Identity = {
      authenticate: async (authorization, connection) => {
        verified += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return plain.identity.authenticate(authorization, connection);
      },
    };
    const service = await start({ identity });
    const headers = {
      authorization: `Bearer ${plain.rootToken}`,
      'content-type': 'application/json',
    };
    const response = await service.post({ query: '{ hello }' }, { headers });
    expect(await response.json()).toEqual({ data: { hello: 'world' } });
    expect(verified).toBe(1);
  });
});

describe('a Response that a plugin sets', () => {
  const plugin: Plugin = {
    onResponse(payload) {
      payload.setResponse(
        new payload.fetchAPI.Response('teapot', { status: 418, headers: { 'x-kettle': 'on' } }),
      );
    },
  };

  it('is what the client receives', async () => {
    const service = await withPlugin(plugin);
    const response = await service.post({ query: '{ hello }' });
    expect([response.status, response.headers.get('x-kettle'), await response.text()]).toEqual([
      418,
      'on',
      'teapot',
    ]);
    expect(response.headers.get('x-request-id')).not.toBeNull();
  });

  it('is what the client of an event stream receives, and its subscription ends', async () => {
    const service = await withPlugin(plugin);
    const headers = { authorization: `Bearer ${service.rootToken}`, accept: 'text/event-stream' };
    const response = await fetch(`${service.url}?query=subscription{tick}`, { headers });
    expect([response.status, await response.text()]).toEqual([418, 'teapot']);
    const stream = await service.stream();
    await until(() => stream.isDone);
  });

  it("may be Yoga's own response with additional headers", async () => {
    const service = await withPlugin({
      onResponse: ({ response }) => response.headers.set('x-kettle', 'on'),
    });
    const response = await service.post({ query: '{ hello }' });
    expect(response.headers.get('x-kettle')).toBe('on');
    expect(await response.json()).toEqual({ data: { hello: 'world' } });
  });
});

describe('a subscription that is still starting', () => {
  it('ends with the service', async () => {
    const service = await startLiveService();
    let letGo = (): void => undefined;
    service.gate.until = new Promise((resolve) => (letGo = resolve));
    const headers = { authorization: `Bearer ${service.rootToken}`, accept: 'text/event-stream' };
    const answer = await fetch(`${service.url}?query=subscription{tick}`, { headers });
    const closed = service.close();
    letGo();
    await answer.text().catch(() => '');
    const stream = await service.stream();
    await until(() => stream.isDone);
    await closed;
  });
});

describe('an operation that the allowlist has not accepted', () => {
  it('does not run, even if a plugin substitutes it for an accepted one', async () => {
    const service = await withPlugin({
      onParams: ({ params, setParams }) => setParams({ ...params, query: '{ denied }' }),
    });
    for (const text of Object.values(await answers(service))) {
      expect(text).toContain('"code":"OPERATION_NOT_ALLOWED"');
      expect(text).not.toContain('"data"');
    }
  });

  it('is validated even if a plugin skips validation', async () => {
    const service = await withPlugin({ onValidate: ({ setResult }) => setResult([]) });
    for (const text of Object.values(await answers(service, '{ hallo }')))
      expect(text).toContain('GRAPHQL_VALIDATION_FAILED');
  });
});
