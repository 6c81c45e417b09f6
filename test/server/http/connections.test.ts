import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLiveService, type LiveService } from '../live-service.ts';
import { until } from '../../until.ts';
import { received } from '../received.ts';
import { requesterOf } from '../test-service.ts';

let service: LiveService;
let socket: Socket;
let text: string;
/** Lets the resolver of `wait` continue. */
let letGo: () => void;

beforeEach(async () => {
  const waited = new Promise<string>((resolve) => (letGo = () => resolve('done')));
  service = await startLiveService({
    contextOf: (requester) => ({ ...requesterOf(requester), onWait: () => waited }),
  });
  socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined);
  text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  await once(socket, 'connect');
});
afterEach(async () => {
  socket.destroy();
  expect(service.complaints()).toEqual([]);
  await service.close();
});

const request = (line: string, ...headers: readonly string[]): string =>
  [
    `${line} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${service.rootToken}`,
    ...headers,
    '\r\n',
  ].join('\r\n');
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const handshake = [
  ...upgrade,
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];
const subscription = (): string =>
  request(`GET /graphql?query=${encodeURIComponent('subscription{tick}')}`, 'Accept: text/event-stream');
const statuses = (): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status);

describe('an upgrade after a request that is still pending', () => {
  it.each([
    ['is accepted after its response', () => request('GET /graphql', ...handshake), ['200', '101']],
    ['is refused after its response', () => request('GET /nothing', ...upgrade), ['200', '404']],
    [
      'is treated after its response as if it had not been requested',
      () => request('GET /graphql?query={hello}', 'Connection: Upgrade', 'Upgrade: h2c'),
      ['200', '200'],
    ],
  ])('%s', async (_, upgrading, expected) => {
    socket.write(request('GET /graphql?query={wait}') + upgrading());
    // Both have arrived: only now can the second be early.
    await received(socket);
    expect(text).toBe('');
    letGo();
    await until(() => statuses().length === 2);
    expect(statuses()).toEqual(expected);
    expect(text.indexOf('"wait":"done"')).toBeLessThan(text.lastIndexOf('HTTP/1.1'));
  });

  it('is dropped if the connection closes', async () => {
    socket.write(request('GET /graphql?query={wait}') + request('GET /graphql', ...handshake));
    await received(socket);
    socket.resetAndDestroy();
    await until(() => service.lines.some((line) => line.includes('"isComplete":false')));
    letGo();
  });
});

describe('an upgrade by another method than GET', () => {
  it('is refused with a message, which is omitted for HEAD', async () => {
    socket.write(request('HEAD /graphql', ...handshake));
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 405 .*\r\nallow: GET\r\n.*\r\n\r\n$/s);
  });
});

describe('requests that wait for the response of an earlier one', () => {
  it('end once their connection has closed, and so do their streams', async () => {
    socket.write(subscription() + subscription() + request('GET /graphql?query={hello}'));
    const streams = [await service.stream(), await service.stream()];
    socket.destroy();
    await until(() => streams.every(({ isDone }) => isDone));
    expect(streams.map(({ returns }) => returns)).toEqual([1, 1]);
    await until(() => service.lines.filter((line) => line.includes('"msg":"request"')).length === 3);
  });

  it('are not reported as errors of the service if their connection closes before all of their body has arrived', async () => {
    const half = request('POST /graphql', 'Content-Type: application/json', 'Content-Length: 9');
    socket.write(request('GET /graphql?query={wait}') + `${half}{`);
    await received(socket);
    socket.destroy();
    await until(() => service.lines.filter((line) => line.includes('"msg":"request"')).length === 2);
    expect(service.complaints()).toEqual([]);
  });

  it('get no 100 Continue in the middle of another response', async () => {
    const expecting = request('POST /graphql', 'Expect: 100-continue', 'Content-Length: 0');
    socket.write(expecting);
    await until(() => text.endsWith('}'));
    expect(statuses()).toEqual(['100', '415']);
    text = '';
    socket.write(request('GET /graphql?query={wait}') + expecting);
    await received(socket);
    letGo();
    await until(() => text.includes('415') && text.endsWith('}'));
    expect(statuses()).toEqual(['200', '415']);
    for (const answer of text.split('HTTP/1.1 ').slice(1)) expect(answer).toMatch(/\r\n\r\n\{.*\}$/);
  });
});
