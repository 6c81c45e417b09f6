/** What a service in this process has received of what a test has sent. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { until } from '../until.ts';

/** Accepted connections by the port of the client. */
const accepted = new Map<number | undefined, Socket>();
subscribe('net.server.socket', (message) => {
  const { socket } = message as { socket: Socket };
  accepted.set(socket.remotePort, socket);
  socket.once('close', () => accepted.delete(socket.remotePort));
});

/** Resolves once the service has read all that was written to the socket. */
export async function received(socket: Socket): Promise<void> {
  await until(() => accepted.get(socket.localPort)?.bytesRead === socket.bytesWritten);
}
