/** Clients that do not read their responses: each is disconnected, and memory does not grow. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { readTls } from '../../../src/server/http/tls.ts';
import { tlsFile, tlsText } from '../../secure.ts';
import { startTestService, type TestService } from '../test-service.ts';
import { until } from '../../until.ts';

const cut = 'a client that read nothing for too long was disconnected';
/** Far more than the buffers of both ends of a connection hold. */
const large = 'x'.repeat(16_000_000);
const stallMilliseconds = 400;

let service: TestService;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.close();
});

/** Connects over HTTP or HTTPS, and reads nothing until it is resumed. */
async function open(isSecure: boolean): Promise<Socket> {
  const { port } = service;
  const to = { port, host: '127.0.0.1' };
  const socket = isSecure
    ? connectTls({ ...to, ca: tlsText('ca.pem'), servername: 'localhost' })
    : connect(to);
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, isSecure ? 'secureConnect' : 'connect');
  socket.pause();
  return socket;
}

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${service.rootToken}\r\n\r\n`;
const cuts = (): Record<string, unknown>[] =>
  service.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ level }) => Number(level) >= 40);

describe.each([
  ['HTTP', false, 5],
  ['HTTPS', true, 2],
])('over %s, a client', (_, isSecure, count) => {
  const start = async (onWait: () => Promise<string>): Promise<void> => {
    const files = {
      cert: tlsFile('server.pem'),
      key: tlsFile('server.key'),
      clientCa: null,
      clientMap: null,
    };
    service = await startTestService({
      stallMilliseconds,
      contextOf: (requester) => ({ ...requester, signal: requester.signal, onWait }),
      ...(isSecure ? { tls: await readTls(files) } : {}),
    });
  };

  it('that never reads is disconnected, and few responses are created for it', async () => {
    let made = 0;
    await start(async () => {
      made += 1;
      return large;
    });
    const clients = await Promise.all(Array.from({ length: count }, () => open(isSecure)));
    for (const client of clients) client.write(get('/graphql?query={wait}').repeat(8));
    await until(() => cuts().length === clients.length);
    for (const line of cuts()) expect(line).toMatchObject({ msg: cut, partition: '1', stallMilliseconds });
    // Not the eight that it has requested.
    expect(made).toBeLessThanOrEqual(4 * clients.length);
    const other = await open(isSecure);
    let text = '';
    other.on('data', (bytes: Buffer) => (text += bytes.toString()));
    other.resume();
    other.write(get('/graphql?query={hello}'));
    await until(() => text.endsWith('{"data":{"hello":"world"}}'));
  });

  it('that reads slowly gets all of its responses', async () => {
    await start(async () => large);
    const client = await open(isSecure);
    client.write(get('/graphql?query={wait}') + get('/graphql?query={hello}'));
    let length = 0;
    let end = '';
    client.on('data', (bytes: Buffer) => {
      length += bytes.length;
      end = (end + bytes.toString('latin1')).slice(-100);
      // Some thirty pauses, which take longer together than a client may take nothing.
      if (Math.floor(length / 500_000) === Math.floor((length - bytes.length) / 500_000)) return;
      client.pause();
      setTimeout(() => client.resume(), 50);
    });
    const began = performance.now();
    client.resume();
    await until(() => end.endsWith('{"data":{"hello":"world"}}'));
    expect(performance.now() - began).toBeGreaterThan(2 * stallMilliseconds);
    expect(cuts()).toEqual([]);
  });

  it('that never reads the files of GraphiQL is disconnected', async () => {
    await start(async () => '');
    const page = await open(isSecure);
    let html = '';
    page.on('data', (bytes: Buffer) => (html += bytes.toString()));
    page.write(get('/graphql').replace('\r\n\r\n', '\r\nAccept: text/html\r\n\r\n'));
    page.resume();
    await until(() => html.includes('</html>'));
    const [script = ''] = /\/graphql\/assets\/\w+\.js/.exec(html) ?? [];
    const client = await open(isSecure);
    client.write(get(script).repeat(100));
    await until(() => cuts().length === 1);
    expect(cuts()[0]).toMatchObject({ msg: cut });
  });

  it('that sends far more requests than it reads responses is disconnected', async () => {
    let letGo = (): void => undefined;
    const waited = new Promise<string>((resolve) => (letGo = () => resolve('done')));
    await start(() => waited);
    const client = await open(isSecure);
    client.on('close', letGo);
    client.resume();
    const waiting = get('/graphql?query={wait}');
    client.write(waiting + 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20_000));
    await until(() => client.destroyed);
    expect(cuts()).toMatchObject([{ msg: 'a client with too many requests in flight was disconnected' }]);
  });

  it('that sends many requests at once gets all responses, in order', async () => {
    await start(async () => 'done');
    const client = await open(isSecure);
    let text = '';
    client.on('data', (bytes: Buffer) => (text += bytes.toString()));
    client.resume();
    const head = get('/graphql').replace('GET', 'POST').trimEnd();
    // Ten texts, which come again and again: the hot path takes part, and each response says to which request it belongs.
    const requests = Array.from({ length: 400 }, (_, n) => {
      const query = `{ a${n % 10}: wait }`;
      if (n % 2 === 1) return get(`/graphql?query=${encodeURIComponent(query)}`);
      const body = JSON.stringify({ query, variables: { pad: 'x'.repeat(3_000) } });
      return `${head}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    });
    client.write(requests.join(''));
    const answers = (): string[] => [...text.matchAll(/"a(\d)":"done"/g)].map(([, n]) => n ?? '');
    await until(() => answers().length === requests.length);
    expect(answers()).toEqual(requests.map((_, n) => `${n % 10}`));
    expect(cuts()).toEqual([]);
  });
});
