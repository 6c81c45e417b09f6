/** The end of a server: nothing new, what is under way finishes, and no connection stays. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import type { OpenAnswers } from './open-answers.ts';

/**
 * Watches over a server's connections from its start, and gives a function that closes it, after so many milliseconds
 * whatever is still under way. Node's own `closeIdleConnections` leaves those open on which no request ever came, as
 * browsers keep them in store.
 */
export function closable(server: Server, answers: OpenAnswers): (graceMilliseconds: number) => Promise<void> {
  const sockets = new Set<Socket>();
  const upgraded = new Set<Socket>();

  const watch = (socket: Socket): void => {
    // One that comes back, its upgrade declined, is closed as any other. It may come back any number of times.
    upgraded.delete(socket);
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      upgraded.delete(socket);
    });
  };
  server.on('connection', watch);
  if (server instanceof TlsServer) watchWires(server, { release: (wire) => sockets.delete(wire), watch });
  server.prependListener('upgrade', (_request: IncomingMessage, socket: Socket) => upgraded.add(socket));

  return async (graceMilliseconds) => {
    answers.closeBehindAnswers();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Whoever upgraded a connection says good-bye on it.
    const busy = new Set([...answers.busyConnections, ...upgraded]);
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
    const cut = setTimeout(() => {
      answers.abortAll();
      for (const socket of sockets) socket.destroy();
    }, graceMilliseconds);
    await closed;
    clearTimeout(cut);
  };
}

/**
 * Below each connection of TLS is another socket, known from its beginning: it is the one to be closed until the
 * handshake is done, and no longer from then on, when it may carry an answer. Node does not say which belong together.
 */
function watchWires(
  server: TlsServer,
  { release, watch }: { release: (wire: Socket) => void; watch: (socket: TLSSocket) => void },
): void {
  const wires = new Map<string, Socket>();
  server.on('connection', (wire: Socket) => {
    const peer = peerOf(wire);
    wires.set(peer, wire);
    wire.once('close', () => wires.delete(peer));
  });
  server.on('secureConnection', (socket) => {
    const wire = wires.get(peerOf(socket));
    if (wire !== undefined) release(wire);
    watch(socket);
  });
}

/** Where a connection comes from, the same above TLS and below. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
