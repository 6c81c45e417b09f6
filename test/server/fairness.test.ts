/** One caller with many requests at once, and other callers in between. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openAcknowledged, subscribeMessage } from './live-service.ts';
import { startTestService, type TestService } from './test-service.ts';
import { until } from '../until.ts';

/** How long each operation blocks the event loop. */
const workMilliseconds = 10;
/** The operations of two slices of 20 ms, as this test's turns begin within a slice, and one more. */
const mostInOneTurn = 5;
const count = 30;

const sockets: Pick<Socket, 'destroy'>[] = [];
let service: TestService;
let watching = true;
afterEach(async () => {
  watching = false;
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.close();
});

/** Who ran an operation, in their order; and the most that ran in one turn of the event loop. */
async function start(): Promise<{ readonly order: string[]; readonly most: () => number }> {
  const order: string[] = [];
  let inThisTurn = 0;
  let most = 0;
  watching = true;
  const countTurn = (): void => {
    most = Math.max(most, inThisTurn);
    inThisTurn = 0;
    if (watching) setImmediate(countTurn);
  };
  countTurn();
  service = await startTestService({
    contextOf: (requester) => ({ ...requester, signal: requester.signal }),
    execute: ({ contextValue }) => {
      const until = performance.now() + workMilliseconds;
      while (performance.now() < until);
      order.push((contextValue as { caller: { partitionId: bigint } }).caller.partitionId.toString());
      inThisTurn += 1;
      return { data: { hello: 'world' } };
    },
  });
  return { order, most: () => most };
}

async function open(): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(service.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'connect');
  return { socket, text: () => text };
}

const get = (token: string, accept = 'application/json'): string =>
  `GET /graphql?query={hello} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
const health = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Sends this number of operations at once, in one way each. */
const floods: Record<string, (token: string) => Promise<void>> = {
  'in one write over a WebSocket': async (token) => {
    const { socket } = await openAcknowledged(service, token);
    sockets.push({ destroy: () => (socket.terminate(), undefined as never) });
    const underlying = (socket as unknown as { _socket: Socket })._socket;
    underlying.cork();
    for (let n = 0; n < count; n += 1) socket.send(JSON.stringify(subscribeMessage(String(n), '{ hello }')));
    underlying.uncork();
  },
  'in one write over HTTP': async (token) => {
    const { socket } = await open();
    socket.write(get(token).repeat(count));
  },
  'over many connections': async (token) => {
    const clients = await Promise.all(Array.from({ length: count }, open));
    for (const { socket } of clients) socket.write(get(token));
  },
  'over many event streams': async (token) => {
    const clients = await Promise.all(Array.from({ length: count }, open));
    for (const { socket } of clients) socket.write(get(token, 'text/event-stream'));
  },
  'over many WebSockets': async (token) => {
    const clients = await Promise.all(Array.from({ length: count }, () => openAcknowledged(service, token)));
    for (const { socket, send } of clients) {
      sockets.push({ destroy: () => (socket.terminate(), undefined as never) });
      send(subscribeMessage('a', '{ hello }'));
    }
  },
};

describe.each(Object.entries(floods))('a caller with many requests at once, %s,', (_, flood) => {
  it('blocks the event loop only for a part of its requests, and others are served in between', async () => {
    const { order, most } = await start();
    const probe = await open();
    await flood(await service.identity.sign(5n));
    await until(() => order.length > 0);
    probe.socket.write(health);
    await until(() => probe.text().includes('"ok"'));
    expect(order.length).toBeLessThan(count);
    await until(() => order.length === count);
    // Again, so that what ran in the last turn is counted.
    await new Promise((resolve) => setImmediate(resolve));
    expect(most()).toBeLessThanOrEqual(mostInOneTurn);
  });

  it('does not delay another caller until all of its requests are done', async () => {
    const { order } = await start();
    const other = await open();
    const root = get(service.rootToken);
    await flood(await service.identity.sign(5n));
    await until(() => order.length > 0);
    other.socket.write(root);
    await until(() => order.length === count + 1);
    expect(order.indexOf('1')).toBeLessThan(count / 2);
  });
});
