import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostRule, normalHost } from '../../../src/server/auth/host.ts';
import { openRawWebSocket, startLiveService, upgrade } from '../live-service.ts';
import { send, startTestService, type TestService } from '../test-service.ts';

const listed = 'https://dashboard.example';
const foreign = 'https://evil.example';

let service: TestService;
/** Without a list. */
let closed: TestService;
beforeAll(async () => {
  service = await startTestService({ allowedOrigins: [listed] });
  closed = await startTestService();
});
afterAll(() => Promise.all([service.close(), closed.close()]));

type Headers = Record<string, string>;
interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** The HTTP methods for queries. */
const ways: Record<string, (own: TestService, headers: Headers) => Promise<Answer>> = {
  POST: (own, headers) =>
    send(own.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${own.rootToken}`,
        ...headers,
      },
      body: ['{"query":"{ hello }"}'],
    }),
  GET: (own, headers) =>
    send(`${own.url}?query={hello}`, { headers: { authorization: `Bearer ${own.rootToken}`, ...headers } }),
  SSE: (own, headers) =>
    send(`${own.url}?query={hello}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${own.rootToken}`, ...headers },
    }),
};

const corsHeaders = ({ headers }: Answer): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control'));

/** The origin in a browser's request, and whether it is accepted if one origin is listed. */
const origins: [headers: Headers, mayAsk: boolean][] = [
  [{}, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  // Behind a proxy that gives the service another name.
  [{ 'sec-fetch-site': 'same-origin', origin: 'https://hvql.example' }, true],
  [{ 'sec-fetch-site': 'cross-site', origin: listed }, true],
  [{ 'sec-fetch-site': 'same-site', origin: listed }, true],
  [{ origin: listed }, true],
  // An image, a script, a link: with no Origin.
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'anything' }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: foreign }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: 'null' }, false],
  [{ origin: foreign }, false],
  [{ origin: 'null' }, false],
  [{ origin: `${listed}.evil.example` }, false],
  [{ origin: 'http://localhost:1' }, false],
];

describe.each(Object.entries(ways))('a request by %s', (_, ask) => {
  it.each(origins)('with %j is accepted: %j', async (headers, mayAsk) => {
    const answer = await ask(service, headers);
    expect(answer.status).toBe(mayAsk ? 200 : 403);
    if (mayAsk) return;
    expect(JSON.parse(answer.body.toString())).toEqual({
      errors: [
        {
          message:
            'Only pages of this origin or of an origin in --allowed-origins may send requests, and this page has another origin.',
          extensions: { code: 'FOREIGN_ORIGIN' },
        },
      ],
    });
  });

  it('of the service itself is accepted', async () => {
    const origin = new URL(closed.url).origin;
    expect((await ask(closed, { origin })).status).toBe(200);
    expect((await ask(closed, { origin, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('can be read by a page of a listed origin, with every status', async () => {
    for (const more of [{}, { authorization: 'Bearer x' }]) {
      const answer = await ask(service, { origin: listed, 'sec-fetch-site': 'cross-site', ...more });
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': listed,
        'access-control-expose-headers': 'x-request-id',
        'cross-origin-resource-policy': 'cross-origin',
        vary: 'origin',
      });
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  it('can be read by no other page', async () => {
    for (const own of [service, closed]) {
      for (const headers of [{}, { origin: foreign }, { origin: new URL(own.url).origin }]) {
        const answer = await ask(own, headers);
        expect(corsHeaders(answer)).toEqual([]);
        expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin');
      }
    }
    expect(corsHeaders(await ask(closed, { origin: listed }))).toEqual([]);
  });
});

describe('an upgrade', () => {
  it.each(origins)('with %j is accepted: %j', async (headers, mayAsk) => {
    const own = await startLiveService({ allowedOrigins: [listed] });
    if (mayAsk) {
      const { socket, closed: ended } = await openRawWebSocket(own, { headers });
      socket.close();
      await ended;
    } else {
      const { status, text } = await upgrade(own, headers);
      expect(status).toBe(403);
      expect(text).toContain('"code":"FOREIGN_ORIGIN"');
    }
    await own.close();
  });
});

describe('a preflight', () => {
  const preflight = (
    own: TestService,
    origin: string,
    requested: string | null = 'authorization,content-type',
  ): Promise<Answer> =>
    send(own.url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        ...(requested === null ? {} : { 'access-control-request-headers': requested }),
        'sec-fetch-site': 'cross-site',
      },
    });

  it('of a listed origin is permitted to send a token, but no browser credentials', async () => {
    const answer = await preflight(service, listed);
    expect([answer.status, answer.body.length]).toEqual([204, 0]);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': listed,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Headers',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `x-${n}`);
  it.each([
    [null, 'authorization, content-type'],
    ['', 'authorization, content-type'],
    // Tracing, Apollo Client, csrf prevention of other servers, a request id.
    [
      'apollographql-client-name,authorization,content-type,graphql-require-preflight,traceparent,x-request-id',
      'apollographql-client-name, authorization, content-type, graphql-require-preflight, traceparent, x-request-id',
    ],
    [' X-A ,\tX-B', 'X-A, X-B'],
    ['x-a, x b, x(c), *, "x-d", x-e', 'x-a, x-e'],
    [names(64).join(','), names(64).join(', ')],
    [names(65).join(','), 'authorization, content-type'],
    ['x'.repeat(4_096), 'x'.repeat(4_096)],
    ['x'.repeat(4_097), 'authorization, content-type'],
  ])('that requests the headers %j is permitted %j', async (requested, allowed) => {
    const answer = await preflight(service, listed, requested);
    expect([answer.status, answer.headers['access-control-allow-headers']]).toEqual([204, allowed]);
  });

  it('of another origin is refused, without a header that would permit a request', async () => {
    for (const [own, origin] of [
      [service, foreign],
      [service, 'null'],
      [closed, listed],
      [closed, new URL(closed.url).origin],
    ] as const) {
      const answer = await preflight(own, origin);
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        errors: [{ extensions: { code: 'FOREIGN_ORIGIN' } }],
      });
      expect(corsHeaders(answer)).toEqual([]);
    }
  });

  it.each([{ origin: listed }, { 'access-control-request-method': 'POST' }])(
    'that is incomplete, with %j, is treated as an unknown method',
    async (headers: Headers) => {
      const answer = await send(service.url, { method: 'OPTIONS', headers });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST']);
    },
  );
});

describe('the page of GraphiQL', () => {
  it('is shown to a user who follows a link, and cannot be read by pages of other origins', async () => {
    for (const headers of [{}, { origin: listed }]) {
      const answer = await send(service.url, {
        headers: { accept: 'text/html', 'sec-fetch-site': 'cross-site', ...headers },
      });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toContain('text/html');
      expect(corsHeaders(answer)).toEqual([]);
      expect(answer.headers).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'x-frame-options': 'DENY',
      });
    }
  });
});

describe('a refused upgrade', () => {
  it('has the headers of every response', async () => {
    const answer = await send(service.url, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        origin: foreign,
      },
    });
    expect(answer.status).toBe(403);
    expect(answer.headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
  });
});

describe('the host names that a server accepts', () => {
  const noPage = { graphiql: { tabs: [], tokens: null } };
  const paths = ['/health', '/graphql?query={hello}'];
  const statusesOf = async (own: TestService, host: string): Promise<number[]> => {
    const headers = { host, authorization: `Bearer ${own.rootToken}` };
    const answers = paths.map(async (path) => (await send(own.url, { path, headers })).status);
    const upgraded = upgrade(own, { host, 'sec-websocket-key': 'none' });
    return [...(await Promise.all(answers)), (await upgraded).status];
  };

  it('are loopback names and those of the list on loopback, also with an identity method', async () => {
    for (const options of [{}, noPage]) {
      const own = await startTestService({ ...options, allowedHosts: ['hvql.example', '192.0.2.1'] });
      for (const host of ['localhost', '127.0.0.1:1', 'HVQL.example:4000', '192.0.2.1'])
        expect(await statusesOf(own, host)).toEqual([200, 200, 400]);
      for (const host of ['evil.example', 'x.hvql.example', 'hvql.example.'])
        expect(await statusesOf(own, host)).toEqual([403, 403, 403]);
      // User information (RFC 9110, 4.2.4).
      expect(await statusesOf(own, 'hvql.example@evil.example')).toEqual([400, 400, 400]);
      await own.close();
    }
  });

  it('are all names on other addresses, or those of the list if there is one', async () => {
    const open = await startTestService({ ...noPage, host: '0.0.0.0' });
    expect(await statusesOf(open, 'anything.example')).toEqual([200, 200, 400]);
    await open.close();
    const strict = await startTestService({
      ...noPage,
      host: '0.0.0.0',
      allowedHosts: ['[::1]', 'a.example'],
    });
    expect(await statusesOf(strict, '[0::1]:80')).toEqual([200, 200, 400]);
    expect(await statusesOf(strict, 'a.example')).toEqual([200, 200, 400]);
    const { body } = await send(strict.url, { path: '/health', headers: { host: 'localhost' } });
    await strict.close();
    expect(JSON.parse(body.toString())).toEqual({
      errors: [
        {
          message: 'The Host header names another host than the names in --allowed-hosts.',
          extensions: { code: 'FOREIGN_HOST' },
        },
      ],
    });
  });
});

describe('a host rule', () => {
  it('exists on loopback or with a list of names', () => {
    expect(hostRule({ host: '::1', allowedHosts: [] })).toEqual({ isLoopback: true, allowedHosts: [] });
    expect(hostRule({ host: '0.0.0.0', allowedHosts: [] })).toBeNull();
    expect(hostRule({ host: '::', allowedHosts: ['a'] })).toEqual({ isLoopback: false, allowedHosts: ['a'] });
  });

  it.each([
    ['HVQL.Example', 'hvql.example'],
    ['[0:0::1]', '[::1]'],
    ['10.0.0.1', '10.0.0.1'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['a:1', null],
    ['::1', null],
    ['a/b', null],
    ['a@b', null],
    ['a b', null],
    ['', null],
    ['*', null],
    ['*.example', null],
    ['[x]', null],
  ])('normalises %j to %j', (text, host) => {
    expect(normalHost(text)).toBe(host);
  });
});
