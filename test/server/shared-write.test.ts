import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { writeShared } from '../../src/server/shared-write.ts';
import { tlsFile } from '../secure.ts';

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

function written(socket: Socket, bytes: Buffer) {
  let calls = 0;
  let onCall: () => void = () => undefined;
  const called = new Promise<void>((resolve) => (onCall = resolve));
  const isTaken = writeShared(socket, bytes, () => {
    calls += 1;
    onCall();
  });
  return { isTaken, called, calls: () => calls };
}

describe('bytes that are written to many', () => {
  it('are taken at once by whoever reads, and nobody is called back', async () => {
    const { here, there } = await plainPair();
    const first = written(here, Buffer.from('one '));
    const second = written(here, Buffer.from('two'));
    expect([first.isTaken, second.isTaken]).toEqual([true, true]);
    let text = '';
    for await (const chunk of there) if ((text += String(chunk)) === 'one two') break;
    expect([first.calls(), second.calls()]).toEqual([0, 0]);
  });

  it('are waited for where the client does not read, each called back once, in their order and whole', async () => {
    const { here, there } = await plainPair();
    there.pause();
    const first = written(here, large);
    const second = written(here, Buffer.from('the end'));
    expect([first.isTaken, second.isTaken]).toEqual([false, false]);
    expect([first.calls(), second.calls()]).toEqual([0, 0]);
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
    expect([first.calls(), second.calls()]).toEqual([1, 1]);
  });

  it('are called back for once where the client goes before it has taken them', async () => {
    const { here, there } = await plainPair();
    there.pause();
    const first = written(here, large);
    expect(first.isTaken).toBe(false);
    there.destroy();
    await first.called;
    expect(first.calls()).toBe(1);
  });

  it('harm nobody where the connection has gone', async () => {
    const { here } = await plainPair();
    const thrown: unknown[] = [];
    here.on('error', (error) => thrown.push(error));
    here.destroy();
    written(here, Buffer.from('late'));
    await once(here, 'close');
    expect(thrown).toEqual([]);
  });

  it('are called back for over TLS, and come whole', async () => {
    const server = createTlsServer({
      cert: readFileSync(tlsFile('server.pem')),
      key: readFileSync(tlsFile('server.key')),
    });
    const reach = (port: number): Socket =>
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const { here, there } = await pair(server, reach, 'secureConnection');
    const first = written(here, Buffer.from('kept secret'));
    expect(first.isTaken).toBe(false);
    const [chunk] = (await once(there, 'data')) as [Buffer];
    await first.called;
    expect(chunk.toString()).toBe('kept secret');
    expect(first.calls()).toBe(1);
  });
});
