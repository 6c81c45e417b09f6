import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectToNats } from '../../src/fleet/connection.ts';
import { readableLog } from '../server/test-service.ts';
import { natsServerPath, startNatsServer } from './nats-server.ts';
import { addressOf } from './test-host.ts';

describe.skipIf(natsServerPath === null)('the connection to NATS', () => {
  it('does not use WebSocket', async () => {
    const { log } = readableLog();
    const context = { name: 'test', inboxPrefix: '_INBOX', log, signal: new AbortController().signal };
    await expect(connectToNats(addressOf('wss://nats-1:443'), context)).rejects.toThrow(
      'NATS is reached over nats:// or tls://, not over WebSocket: wss://nats-1:443.',
    );
  });

  it('does not crash the process if a write and a close follow the death of nats-server', async () => {
    const nats = await startNatsServer();
    const { log } = readableLog();
    const { signal } = new AbortController();
    const connection = await connectToNats(addressOf(nats.url), {
      name: 'test',
      inboxPrefix: '_INBOX',
      log,
      signal,
    });
    const socket = socketOf(connection);
    const end = socket.end.bind(socket);
    // The server has closed its side, and the client its own: further writes are errors.
    const closed = new Promise((resolve, reject) => {
      socket.end = () => {
        end();
        const late = Promise.resolve().then(() => {
          connection.flush().catch(() => undefined);
          return connection.close();
        });
        late.then(resolve, reject);
        return socket;
      };
    });
    await nats.kill();
    await closed;
    // The error is reported once the promises of this turn have continued; Vitest fails where nothing listens to it.
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.errored).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    await nats.close();
  });
});

function socketOf(connection: object): Socket {
  return (connection as { readonly protocol: { readonly transport: { readonly socket: Socket } } }).protocol
    .transport.socket;
}
