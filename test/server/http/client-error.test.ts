import { maxHeaderSize } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrustedProxies } from '../../../src/server/auth/remote-address.ts';
import { Refusals } from '../../../src/server/refusals.ts';
import { createHttpServer } from '../../../src/server/http/http-server.ts';
import { listen } from '../../../src/server/http/http-server.ts';
import { answerClientErrors } from '../../../src/server/http/client-error.ts';
import { connectionsOf, readableLog, startTestService, type TestService } from '../test-service.ts';
import { received } from '../received.ts';
import { until } from '../../until.ts';

let service: TestService;
let finish: () => void;
let asked: number;
beforeEach(async () => {
  const mayFinish = new Promise<void>((resolve) => (finish = resolve));
  asked = 0;
  service = await startTestService({
    execute: async () => {
      asked += 1;
      await mayFinish;
      return { data: { hello: 'late' } };
    },
  });
});
afterEach(() => service.close());

const post = (body: string, more = ''): string =>
  `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${service.rootToken}\r\n` +
  `Content-Type: application/json\r\n${more}\r\n${body}`;
const sized = (body: string): string => post(body, `Content-Length: ${body.length}\r\n`);

/** A connection, and all that comes on it until it is closed. */
function connection(): { socket: Socket; text: Promise<string> } {
  const socket = connect(service.port, '127.0.0.1');
  const parts: string[] = [];
  socket.on('data', (part: Buffer) => parts.push(part.toString('latin1')));
  socket.on('error', () => undefined);
  return { socket, text: once(socket, 'close').then(() => parts.join('')) };
}

/** The response to these bytes, after which the client sends nothing or half-closes. */
async function answered(bytes: string, isAll = false): Promise<{ head: string; body: any }> {
  const { socket, text } = connection();
  socket.write(bytes);
  if (isAll) socket.end();
  const [head = '', body = ''] = (await text).split('\r\n\r\n');
  return { head, body: JSON.parse(body) };
}

describe('input that is not an HTTP request', () => {
  it('gets the error of a request timeout', async () => {
    const server = createHttpServer();
    const { log } = readableLog();
    answerClientErrors(server, {
      connections: connectionsOf(server),
      server: {
        log,
        proxies: new TrustedProxies([]),
        refusals: new Refusals({ write: null, log }),
        health: null,
      },
    });
    // Node looks for those that are late every few seconds, and emits this event.
    server.on('connection', (late) => {
      server.emit(
        'clientError',
        Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
        late,
      );
    });
    const port = await listen(server, { host: '127.0.0.1', port: 0 });
    const socket = connect(port, '127.0.0.1');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(bytes.toString()).toContain(
      'The request timed out: the headers must arrive within 10 s, and the whole request within 30 s.',
    );
    socket.destroy();
    server.close();
  });

  it('gets the error of the maximum length, while more of it arrives', async () => {
    const { head, body } = await answered(
      `GET /graphql?query=${'x'.repeat(400_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    expect(head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\nConnection: close\r\n/);
    expect(head).toMatch(/Content-Type: application\/json; charset=utf-8/);
    expect(body.errors).toEqual([
      {
        message:
          `The URL and the headers of the request have more than ${maxHeaderSize} bytes in total, which ` +
          'is the maximum: send a long operation as the body of a POST.',
        extensions: { code: 'LIMIT_EXCEEDED', limit: maxHeaderSize },
      },
    ]);
  });

  it.each([
    ['another protocol', () => '\x16\x03\x01\x02\x00\x01\x00\x01', 'Invalid method'],
    ['an unknown method', () => 'LOOK /graphql HTTP/1.1\r\n\r\n', 'Invalid method'],
    ['a length that is not a number', () => post('', 'Content-Length: many\r\n'), 'Content-Length'],
    ['a chunk without a length', () => post('what\r\n', 'Transfer-Encoding: chunked\r\n'), 'chunk size'],
  ])('gets an error that says what is wrong: %s', async (_, bytes, reason) => {
    const { head, body } = await answered(bytes());
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
    expect(body.errors).toHaveLength(1);
    expect(body.errors[0].message).toMatch(/^This is not an HTTP\/1\.1 request: .+\.$/);
    expect(body.errors[0].message).toContain(reason);
    expect(body.errors[0].extensions).toEqual({ code: 'BAD_REQUEST' });
  });

  it('gets the error after the responses to earlier requests', async () => {
    const { socket, text } = connection();
    socket.write(sized('{"query":"{ hello }"}'));
    await until(() => asked === 1);
    socket.write('this is no request\r\n\r\n');
    await received(socket);
    finish();
    expect(await text).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*\{"data":\{"hello":"late"\}\}HTTP\/1\.1 400 Bad Request\r\n[^]*BAD_REQUEST"\}\}\]\}$/,
    );
  });

  it('gets no response if the client half-closes its connection after it', async () => {
    const { socket, text } = connection();
    socket.write(sized('{"query":"{ hello }"}'));
    await until(() => asked === 1);
    socket.write('this is no request\r\n\r\n');
    socket.end();
    expect(await text).toBe('');
  });

  it('gets an error if it is an incomplete request', async () => {
    const { head, body } = await answered('GET /graphql HTTP/1.1\r\nHost: loc', true);
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(body.errors[0].extensions).toEqual({ code: 'BAD_REQUEST' });
  });

  it('never interferes with a response that has begun: the connection is closed', async () => {
    const { socket, text } = connection();
    socket.write(sized('{"query":"{ hello }"}').replace('Host:', 'Accept: text/event-stream\r\nHost:'));
    await until(() => socket.bytesRead > 0);
    socket.write('this is no request\r\n\r\n');
    expect(await text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await text).not.toContain('400');
    finish();
  });

  it('closes the connection even if the client does not stop sending', async () => {
    const { socket, text } = connection();
    socket.write('this is no request\r\n\r\n');
    const more = setInterval(() => socket.write('x'.repeat(1_000)), 20);
    expect(await text).toMatch(/^HTTP\/1\.1 400 /);
    clearInterval(more);
  });

  it('does not affect later clients', async () => {
    finish();
    await answered('this is no request\r\n\r\n');
    const { socket, text } = connection();
    socket.write(post('{"query":"{ hello }"}', 'Content-Length: 21\r\nConnection: close\r\n'));
    expect(await text).toMatch(/^HTTP\/1\.1 200 OK[^]*\{"data":\{"hello":"late"\}\}$/);
  });
});
