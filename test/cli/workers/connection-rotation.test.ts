/** Connections that node:cluster passes on while workers stop and exit. */
import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { ConnectionRotation } from '../../../src/cli/workers/connection-rotation.ts';

/** A worker whose messages are kept; `pass` is what node does with a connection. */
class FakeWorker extends EventEmitter {
  readonly sent: unknown[] = [];
  readonly process = Object.assign(new EventEmitter(), {
    send: (message: unknown) => this.sent.push(message) > 0,
  });
  isOpen = true;

  isConnected(): boolean {
    return this.isOpen;
  }

  pass(seq: number): { isClosed: boolean } {
    const handle = { isClosed: false, close: () => (handle.isClosed = true) };
    const send = this.process.send as (message: unknown, handle: unknown) => boolean;
    send({ act: 'newconn', seq }, handle);
    return handle;
  }
}

function added(rotation: ConnectionRotation): FakeWorker {
  const worker = new FakeWorker();
  rotation.add(worker as unknown as Worker);
  rotation.resume(worker as unknown as Worker);
  return worker;
}

it('a connection that a worker has not accepted when it exits is passed to another worker', () => {
  const rotation = new ConnectionRotation();
  const [first, second] = [added(rotation), added(rotation)];
  const [accepted, waiting] = [first.pass(1), first.pass(2)];
  first.process.emit('internalMessage', { ack: 1 });
  first.emit('exit');
  expect(second.sent).toEqual([{ act: 'newconn', seq: 2 }]);
  expect([accepted.isClosed, waiting.isClosed]).toEqual([false, false]);
});

it('a connection for a worker that has exited is closed if there is no other worker', () => {
  const rotation = new ConnectionRotation();
  const worker = added(rotation);
  const before = worker.pass(1);
  worker.emit('exit');
  // Node learns of the exit by the end of the channel, which may come later.
  const after = worker.pass(2);
  expect([before.isClosed, after.isClosed]).toEqual([true, true]);
  expect(worker.sent).toEqual([{ act: 'newconn', seq: 1 }]);
});

it('a connection is closed if the worker has no file descriptor for it, and node counts it as accepted', () => {
  const rotation = new ConnectionRotation();
  const worker = added(rotation);
  const answers: unknown[] = [];
  worker.process.on('internalMessage', (message: { cmd: string }) => {
    if (message.cmd === 'NODE_CLUSTER') answers.push(message);
  });
  const [received, lost, later] = [worker.pass(1), worker.pass(2), worker.pass(3)];
  worker.process.emit('internalMessage', { cmd: 'NODE_HANDLE_ACK' });
  worker.process.emit('internalMessage', { cmd: 'NODE_HANDLE_NACK' });
  worker.process.emit('internalMessage', { cmd: 'NODE_HANDLE_ACK' });
  expect([received.isClosed, lost.isClosed, later.isClosed]).toEqual([false, true, false]);
  expect(answers).toEqual([{ cmd: 'NODE_CLUSTER', ack: 2, accepted: true }]);
  // Those that it has received go to another worker when it exits, the lost one does not.
  const other = added(rotation);
  worker.emit('exit');
  expect(other.sent).toEqual([
    { act: 'newconn', seq: 1 },
    { act: 'newconn', seq: 3 },
  ]);
});
