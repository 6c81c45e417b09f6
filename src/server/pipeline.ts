/** Requests that come on one connection before those ahead of them have been answered (RFC 9112, 9.3.2). */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answers under way on each connection of a server. */
export interface Pipeline {
  /**
   * Calls back once all requests that came on the connection have been answered, at once where none is open; never
   * where the connection goes before that.
   */
  readonly afterAnswers: (socket: Socket, callback: () => void) => void;
}

/**
 * Watches over a server's answers from its start. Where a connection goes, node tells only the answer whose turn it is:
 * here those behind it are told as well, or whoever works for them would never hear that their client has left.
 */
export function pipeline(server: Server): Pipeline {
  const open = new WeakMap<Socket, Set<ServerResponse>>();

  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const answers = open.get(socket) ?? new Set();
    if (!open.has(socket)) {
      open.set(socket, answers);
      // Once node has told whom it tells.
      socket.once('close', () => setImmediate(() => answers.forEach(close)));
    }
    answers.add(response);
    response.on('close', () => answers.delete(response));
  });

  // Node would write it into the middle of an answer whose turn has not come. Nobody has to wait for it (RFC 9110, 10.1.1).
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (response.socket !== null) response.writeContinue();
    server.emit('request', request, response);
  });

  return {
    afterAnswers: (socket, callback) => {
      const answers = open.get(socket);
      if (answers === undefined || answers.size === 0) {
        callback();
        return;
      }
      // Node has let go of it already, for the upgrade, and nobody else has it yet.
      const onError = (): void => void socket.destroy();
      socket.on('error', onError);
      const onClose = (): void => {
        if (answers.size > 0) return;
        socket.off('error', onError);
        if (socket.writable) callback();
      };
      for (const response of answers) response.once('close', onClose);
    },
  };
}

/** As node does with the answer whose turn it is. */
function close(response: ServerResponse): void {
  response.destroy();
  response.emit('close');
}
