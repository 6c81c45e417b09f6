import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HvqlError, UsageError } from '../../src/errors.ts';
import { readiness } from '../../src/server/http/readiness.ts';
import { readableLog, requesterOf, send, startTestService, type TestService } from './test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const origin = (url: string): string => new URL(url).origin;

/** A resolver that waits until the test releases it. */
function gate(): { wait: () => Promise<string>; started: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  let begin: () => void = () => undefined;
  const opened = new Promise<string>((resolve) => (open = () => resolve('done')));
  const started = new Promise<void>((resolve) => (begin = resolve));
  const wait = (): Promise<string> => {
    begin();
    return opened;
  };
  return { wait, started, open };
}

describe('/health', () => {
  it('returns 200 while the process is alive', async () => {
    const response = await fetch(`${origin(service.url)}/health?x=1`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('has no body for HEAD', async () => {
    const answer = await send(service.url, { path: '/health', method: 'HEAD' });
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
  });
});

describe('/ready', () => {
  it('returns 200 if the source responds', async () => {
    const response = await fetch(`${origin(service.url)}/ready`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('returns a reason without details to anonymous callers, and logs the details', async () => {
    const ready = (): Promise<void> =>
      Promise.reject(new HvqlError('PAGE_UNAVAILABLE', 'No /secret/folder.'));
    const own = await startTestService({ ready });
    const response = await fetch(`${origin(own.url)}/ready`);
    await own.close();
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'unavailable', reason: 'PAGE_UNAVAILABLE' },
    ]);
    expect(own.lines.join('')).toContain('No /secret/folder.');
  });
});

describe('the readiness check', () => {
  const { log } = readableLog();

  it('runs once for all simultaneous requests', async () => {
    let checks = 0;
    const { wait, open } = gate();
    const check = async (): Promise<void> => {
      checks += 1;
      await wait();
    };
    const isReady = readiness(check, { milliseconds: 10_000, log });
    const answers = Promise.all([isReady(), isReady(), isReady()]);
    open();
    expect(await answers).toEqual([null, null, null]);
    expect(checks).toBe(1);
    expect(await isReady()).toBe(null);
    expect(checks).toBe(2);
  });

  it('does not wait for a source that never responds', async () => {
    const never = (): Promise<void> => new Promise(() => undefined);
    expect(await readiness(never, { milliseconds: 1, log })()).toBe('TIMED_OUT');
  });

  it('is logged when its result changes, however often it is requested', async () => {
    const own = readableLog();
    let isBroken = false;
    const check = async (): Promise<void> => {
      if (isBroken) throw new HvqlError('PAGE_UNAVAILABLE', 'No /secret/folder.');
    };
    const isReady = readiness(check, { milliseconds: 10_000, log: own.log });
    const ask = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) expect(await isReady()).toBe(isBroken ? 'PAGE_UNAVAILABLE' : null);
    };
    await ask(3);
    expect(own.lines).toEqual([]);
    for (const turn of [1, 2]) {
      isBroken = true;
      await ask(5);
      isBroken = false;
      await ask(5);
      expect(own.lines).toHaveLength(turn * 2);
    }
    const messages = own.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages).toEqual(['not ready', 'ready again', 'not ready', 'ready again']);
    expect(own.lines[0]).toContain('No /secret/folder.');
  });

  it('does not reveal unexpected errors', async () => {
    const check = (): Promise<void> => Promise.reject(new Error('x'));
    expect(await readiness(check, { milliseconds: 10_000, log })()).toBe('UNAVAILABLE');
    const throws = (): Promise<void> => {
      throw new Error('x');
    };
    expect(await readiness(throws, { milliseconds: 10_000, log })()).toBe('UNAVAILABLE');
  });
});

describe('authentication', () => {
  it.each(['GET', 'POST'])('precedes all other checks of an operation by %s', async (method) => {
    const answer = await send(`${service.url}?query=%7B`, {
      method,
      headers: { 'content-type': 'text/plain' },
      body: method === 'POST' ? ['{'] : [],
    });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(answer.body.toString())).toEqual({
      errors: [
        {
          message: 'No identity was given: expected "Authorization: Bearer <token>" with a JSON Web Token.',
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
    });
  });

  it('fails if there are two tokens', async () => {
    const authorization = `Bearer ${service.rootToken}, Bearer ${service.rootToken}`;
    expect((await send(service.url, { headers: { authorization } })).status).toBe(401);
  });
});

describe('a server on loopback', () => {
  it.each([
    'localhost',
    'localhost:1',
    'LOCALHOST:4000',
    '127.0.0.1:80',
    '127.1.2.3',
    '[::1]:4000',
    '[0:0:0:0:0:0:0:1]',
  ])('accepts the host name %s', async (host) => {
    expect((await send(service.url, { path: '/health', headers: { host } })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
    '[',
    '127.0.0.1:4000:5',
    '128.0.0.1',
  ])('refuses the host name %j, on any path', async (host) => {
    for (const path of ['/health', '/ready', '/graphql', '/nothing']) {
      const answer = await send(service.url, { path, headers: { host, accept: 'text/html' } });
      expect(answer.status).toBe(403);
      expect(answer.body.toString()).toContain('The Host header names another host');
      expect(answer.body.toString()).not.toContain(service.rootToken);
    }
  });
});

describe('every response', () => {
  it.each(['/health', '/graphql', '/nothing'])(
    'by %s has its own id and security headers for browsers',
    async (path) => {
      const [one, other] = [await send(service.url, { path }), await send(service.url, { path })];
      expect(one.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      });
      expect(one.headers['x-request-id']).not.toBe(other.headers['x-request-id']);
    },
  );
});

describe('the server log', () => {
  it('has a line for each request at debug, with caller and operation', async () => {
    const own = await startTestService();
    const token = await own.identity.sign(5n);
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    await (await own.post({ query: 'query Ask { hello denied throwsError }' }, { headers })).text();
    await (await fetch(`${own.url}?query=%7Bhello%7D&access_token=${token}`)).text();
    await (await fetch(own.url, { headers: { authorization: `Basic ${token}` } })).text();
    await (
      await fetch(own.url, { headers: { authorization: `Bearer ${token.slice(0, -9)}AAAAAAAAA` } })
    ).text();
    await (await fetch(own.url, { headers: { accept: 'text/html' } })).text();
    await own.close();
    const parsed = own.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const requests = parsed.filter(({ msg }) => msg === 'request');
    expect(requests).toHaveLength(5);
    expect(requests[0]).toMatchObject({
      level: 20,
      method: 'POST',
      path: '/graphql',
      status: 200,
      partition: '5',
      operation: 'Ask',
      isComplete: true,
    });
    expect(requests[0]?.['ms']).toBeTypeOf('number');
    expect(requests[3]).toMatchObject({
      status: 401,
      problem: expect.stringContaining("token's signature") as string,
    });
    const signature = token.slice(token.lastIndexOf('.') + 1);
    for (const secret of [token, signature, own.rootToken, 'Bearer ey', 'Basic ey']) {
      expect(own.lines.join('')).not.toContain(secret);
    }
  });
});

describe('a client that stops sending in the middle of its body', () => {
  it('is not logged as an error of the service', async () => {
    const own = await startTestService();
    const socket = connect(own.port, '127.0.0.1');
    const head = ['POST /graphql HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${own.rootToken}`];
    head.push('Content-Type: application/json', 'Content-Length: 100', '', '{');
    socket.write(head.join('\r\n'));
    // One answer later the service has the head of the first request.
    await send(own.url, { path: '/health' });
    socket.destroy();
    while (!own.lines.some((line) => line.includes('"path":"/graphql"')))
      await send(own.url, { path: '/health' });
    await own.close();
    expect(own.lines.filter((line) => !line.includes('"level":20'))).toEqual([]);
  });
});

describe('a server that cannot start', () => {
  it('reports that the port is in use', async () => {
    await expect(startTestService({ port: service.port })).rejects.toEqual(
      new UsageError([
        `127.0.0.1 port ${service.port} is taken by another program: give another --port, or 0 for any free one.`,
      ]),
    );
  });

  it('rejects an invalid host', async () => {
    await expect(startTestService({ host: '192.0.2.1' })).rejects.toEqual(
      new UsageError(['--host 192.0.2.1 is no address of this machine (EADDRNOTAVAIL).']),
    );
  });
});

describe('a server on IPv6', () => {
  it.each(['::1', '[::1]'])('at %s prints an address that works', async (host) => {
    const own = await startTestService({ host });
    expect(own.url).toBe(`http://[::1]:${own.port}/graphql`);
    const status = (await own.post({ query: '{ hello }' })).status;
    await own.close();
    expect(status).toBe(200);
  });
});

describe('a server that is shut down', () => {
  const open = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };

  it('accepts no new connections, and ends immediately if there are no pending requests', async () => {
    const own = await startTestService({ graceMilliseconds: 600_000 });
    await (await own.post({ query: '{ hello }' })).text();
    const silent = await open(own.port);
    const ended = once(silent, 'close');
    await Promise.all([own.close(), own.close()]);
    await ended;
    await expect(own.post({ query: '{ hello }' })).rejects.toThrow();
  });

  it('completes the pending response', async () => {
    const { wait, started, open: letGo } = gate();
    const own = await startTestService({
      contextOf: (requester) => ({ ...requesterOf(requester), onWait: wait }),
      graceMilliseconds: 600_000,
    });
    const answer = own.post({ query: '{ wait }' });
    await started;
    const closed = own.close();
    letGo();
    const response = await answer;
    expect(await response.json()).toEqual({ data: { wait: 'done' } });
    expect(response.headers.get('connection')).toBe('close');
    await closed;
  });

  it('aborts requests that do not end in time, and their signals', async () => {
    const { wait, started } = gate();
    let signal: AbortSignal | undefined;
    const own = await startTestService({
      contextOf: (requester) => {
        signal = requester.signal;
        return { ...requesterOf(requester), onWait: wait };
      },
      graceMilliseconds: 1,
    });
    const answer = expect(own.post({ query: '{ wait }' })).rejects.toThrow();
    await started;
    await own.close();
    await answer;
    expect(signal?.aborted).toBe(true);
  });
});
