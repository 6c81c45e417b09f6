import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WriteCoalescer } from '../../../src/server/sse/write-coalescer.ts';
import { tlsFile } from '../../secure.ts';

const open: { destroy(): void }[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Both ends of a real connection. */
async function pair(server: Server, reach: (port: number) => Socket, event = 'connection') {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, event) as Promise<[Socket]>;
  const there = reach((server.address() as AddressInfo).port);
  const [here] = await accepted;
  open.push(here, there);
  here.on('error', () => undefined);
  there.on('error', () => undefined);
  return { here, there };
}

function plainPair() {
  return pair(createServer(), (port) => connect(port, '127.0.0.1'));
}

/** More than a kernel takes for a client that does not read. */
const large = Buffer.alloc(16 * 1024 * 1024, 'x');

const writes = new WriteCoalescer();

/** Writes bytes, and returns which callbacks were called. */
function put(socket: Socket, bytes: Buffer) {
  const heard: string[] = [];
  let onCall: () => void = () => undefined;
  const called = new Promise<void>((resolve) => (onCall = resolve));
  writes.put(socket, bytes, {
    onBlocked: () => void heard.push('untaken'),
    onDrained: () => {
      heard.push('taken');
      onCall();
    },
  });
  return { heard, called };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('bytes that are written to many clients', () => {
  it('are sent at the end of the turn, without a callback if the kernel accepts them immediately', async () => {
    const { here, there } = await plainPair();
    const first = put(here, Buffer.from('one '));
    const second = put(here, Buffer.from('two'));
    expect(here.bytesWritten).toBe(0);
    await Promise.resolve();
    expect(here.bytesWritten).toBe(7);
    let text = '';
    for await (const chunk of there) if ((text += String(chunk)) === 'one two') break;
    expect([first.heard, second.heard]).toEqual([[], []]);
  });

  it('are sent earlier if there are many, or if something else is written', async () => {
    const { here } = await plainPair();
    for (let n = 0; n < 1_000; n += 1) put(here, Buffer.from('x'));
    expect(here.bytesWritten + here.writableLength).toBe(1_000);
    await turn();
    const before = here.bytesWritten;
    put(here, Buffer.from('x'));
    writes.flush();
    expect(here.bytesWritten).toBe(before + 1);
  });

  it('are buffered if the client does not read; callbacks are called once each, in order, after complete writes', async () => {
    const { here, there } = await plainPair();
    there.pause();
    const first = put(here, large);
    const second = put(here, Buffer.from('the end'));
    writes.flush();
    expect([first.heard, second.heard]).toEqual([['untaken'], ['untaken']]);
    let length = 0;
    let tail = '';
    there.on('data', (chunk: Buffer) => {
      length += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-7);
    });
    there.resume();
    await first.called;
    await second.called;
    here.end();
    await once(there, 'end');
    expect(length).toBe(large.length + 7);
    expect(tail).toBe('the end');
    expect([first.heard, second.heard]).toEqual([
      ['untaken', 'taken'],
      ['untaken', 'taken'],
    ]);
  });

  it('have their callback called once if the client disconnects before it has read them', async () => {
    const { here, there } = await plainPair();
    there.pause();
    const first = put(here, large);
    writes.flush();
    there.destroy();
    await first.called;
    expect(first.heard).toEqual(['untaken', 'taken']);
  });

  it('are ignored if the connection has closed', async () => {
    const { here } = await plainPair();
    const thrown: unknown[] = [];
    here.on('error', (error) => thrown.push(error));
    here.destroy();
    put(here, Buffer.from('late'));
    await once(here, 'close');
    expect(thrown).toEqual([]);
  });

  it('have callbacks over TLS, and arrive completely', async () => {
    const server = createTlsServer({
      cert: readFileSync(tlsFile('server.pem')),
      key: readFileSync(tlsFile('server.key')),
    });
    const reach = (port: number): Socket =>
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const { here, there } = await pair(server, reach, 'secureConnection');
    const first = put(here, Buffer.from('kept secret'));
    const [chunk] = (await once(there, 'data')) as [Buffer];
    await first.called;
    expect(chunk.toString()).toBe('kept secret');
    expect(first.heard).toEqual(['untaken', 'taken']);
  });
});
