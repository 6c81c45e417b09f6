import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  openAcknowledged,
  openRawStream,
  openRawWebSocket,
  startLiveService,
  subscribeMessage,
  unseenQuery,
  type LiveService,
} from './live-service.ts';
import { until } from '../until.ts';

const large = 'x'.repeat(300_000);

/** Ways to connect and disconnect. Each leaves its connection closed, or closing. */
const visits: Readonly<Record<string, (service: LiveService) => Promise<void>>> = {
  'leaves an event stream before it has begun': async (service) => {
    const { socket } = await openRawStream(service, { query: unseenQuery });
    socket.destroy();
  },
  'leaves an event stream before its first event': async (service) => {
    const { socket } = await openRawStream(service);
    await service.stream();
    socket.destroy();
  },
  'leaves an event stream while it is quiet': async (service) => {
    const { socket, text } = await openRawStream(service);
    (await service.stream()).tick('one');
    await until(() => text().includes('one'));
    socket.destroy();
  },
  'leaves an event stream in the middle of an event': async (service) => {
    const { socket, text } = await openRawStream(service);
    const stream = await service.stream();
    stream.tick(large);
    await until(() => text().includes('xx'));
    socket.destroy();
  },
  'leaves an event stream by ending its side': async (service) => {
    const { socket } = await openRawStream(service);
    await service.stream();
    socket.end();
    await once(socket, 'close');
  },
  'stays to the end of an event stream': async (service) => {
    const { socket, text } = await openRawStream(service);
    (await service.stream()).end();
    await until(() => text().includes('complete'));
    socket.destroy();
  },
  'leaves event streams that wait for their turn': async (service) => {
    const { socket, write } = await openRawStream(service);
    write();
    write();
    for (let n = 0; n < 3; n += 1) await service.stream();
    socket.destroy();
  },
  'leaves in the middle of a body whose answer waits for its turn': async (service) => {
    const { socket } = await openRawStream(service);
    await service.stream();
    socket.end(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${service.rootToken}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
    );
    await once(socket, 'close');
  },
  'leaves in the middle of the body': async ({ port, rootToken }) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${rootToken}\r\nContent-Length: 99\r\n\r\n{`,
    );
    await once(socket, 'connect');
    socket.destroy();
  },
  'leaves in the middle of an upgrade': async ({ port }) => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: webs');
    await once(socket, 'connect');
    socket.destroy();
  },
  'leaves a WebSocket before it says who it is': async (service) => {
    const { socket } = await openRawWebSocket(service);
    socket.terminate();
  },
  'leaves a WebSocket before it is acknowledged': async (service) => {
    const { socket, send } = await openRawWebSocket(service);
    send({ type: 'connection_init', payload: { Authorization: `Bearer ${service.rootToken}` } });
    socket.terminate();
  },
  'leaves a WebSocket before its stream has begun': async (service) => {
    const { socket, send } = await openAcknowledged(service);
    send(subscribeMessage('a', unseenQuery));
    socket.terminate();
  },
  'leaves a WebSocket before its first event': async (service) => {
    const { socket, send } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    await service.stream();
    socket.terminate();
  },
  'leaves a WebSocket in the middle of an event': async (service) => {
    const { socket, send } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    (await service.stream()).tick(large);
    socket.terminate();
  },
  'closes a WebSocket while its streams are quiet': async (service) => {
    const { socket, send, messages, closed } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    send(subscribeMessage('b'));
    (await service.stream()).tick('one');
    (await service.stream()).tick('one');
    await until(() => messages.length === 3);
    socket.close();
    await closed;
  },
  'completes its streams and closes its WebSocket': async (service) => {
    const { socket, send, messages, closed } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    await service.stream();
    send({ type: 'complete', id: 'a' });
    send(subscribeMessage('a', '{ hello }'));
    await until(() => messages.length === 3);
    socket.close();
    await closed;
  },
  'is refused': async (service) => {
    const { send, closed } = await openAcknowledged(service);
    send(subscribeMessage('a'));
    await service.stream();
    send('?');
    await closed;
  },
};

/** The sockets, servers and timers of this process; vitest has none that stay. */
const leftovers = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCP|Timeout)/.test(name));

/** Every stream has ended: of itself, or returned, exactly once. */
const areOver = (service: LiveService): boolean =>
  service.streams.every(({ isDone, returns }) => isDone && returns <= 1);

describe('a client that connects and disconnects', () => {
  it('in any way, hundreds of times, leaves nothing in memory', async () => {
    const service = await startLiveService({ pingMilliseconds: 50, stallMilliseconds: 10_000 });
    // With one connection that stays, the heartbeat runs all along.
    const witness = await openAcknowledged(service);
    witness.send(subscribeMessage('a'));
    const stays = await service.stream();
    for (let round = 0; round < 20; round += 1) {
      for (const visit of Object.values(visits)) await visit(service);
    }
    await until(() => service.streams.every((stream) => stream === stays || stream.isDone));
    expect(stays.returns).toBe(0);
    witness.socket.close();
    await witness.closed;
    await until(() => stays.returns === 1);
    expect(areOver(service)).toBe(true);
    expect(service.complaints()).toEqual([]);
    // Nothing is under way: it does not need its grace time.
    const closingAt = Date.now();
    await service.close();
    expect(Date.now() - closingAt).toBeLessThan(2_000);
    await until(() => leftovers().length === 0);
  });
});

describe('a server that is shut down while clients connect and disconnect', () => {
  it('releases everything', async () => {
    for (let round = 0; round < 5; round += 1) {
      const service = await startLiveService({ graceMilliseconds: 300, pingMilliseconds: 50 });
      const streams = await Promise.all(Array.from({ length: 6 }, () => openRawStream(service)));
      const sockets = await Promise.all(Array.from({ length: 6 }, () => openAcknowledged(service)));
      for (const { send } of sockets) send(subscribeMessage('a'));
      await until(() => service.streams.length === 12);
      for (const stream of service.streams) stream.tick(round % 2 === 0 ? large : 'one');
      // One of each never reads again, one disconnects before, one during it.
      streams[0]?.socket.pause();
      sockets[0]?.socket.pause();
      streams[1]?.socket.destroy();
      sockets[1]?.socket.terminate();
      const closed = service.close();
      const late = [openRawStream(service), openRawWebSocket(service)].map((client) =>
        client.catch(() => null),
      );
      streams[2]?.socket.destroy();
      sockets[2]?.socket.terminate();
      await closed;
      await Promise.all(late);
      expect(areOver(service)).toBe(true);
      expect(service.complaints()).toEqual([]);
      for (const { socket } of streams) socket.destroy();
      for (const { socket } of sockets) socket.terminate();
    }
    await until(() => leftovers().length === 0);
  });
});
