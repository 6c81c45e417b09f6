/** Answers whose turn never comes: those to requests that were sent in a row, on a connection that is cut. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Closes the responses that wait for their turn when their connection closes. Node tells only the one whose turn it is
 * (onServerResponseClose of its _http_server.js); whoever works for the others would never hear that nobody waits.
 */
export function closeQueuedResponses(server: Server): void {
  const queues = new WeakMap<Socket, Set<ServerResponse>>();
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    // It has a socket from its turn on.
    if (response.socket !== null) return;
    const queue = queues.get(socket) ?? openQueue(socket);
    queues.set(socket, queue);
    queue.add(response);
    response.once('close', () => queue.delete(response));
  });
}

function openQueue(socket: Socket): Set<ServerResponse> {
  const queue = new Set<ServerResponse>();
  socket.once('close', () => {
    for (const response of queue) {
      if (response.socket !== null) continue;
      response.destroy();
      response.emit('close');
    }
  });
  return queue;
}
