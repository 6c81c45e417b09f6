/** The answers under way on a server, and on each of its connections, from their request to their end. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange } from './exchange.ts';

/** The answers under way on a server. */
export class OpenAnswers {
  readonly #all = new Set<Exchange>();
  readonly #ofConnection = new WeakMap<Socket, Set<Exchange>>();
  #isClosing = false;

  /** A request has come. Where the server is about to close, its answer says so. */
  add(exchange: Exchange): void {
    const { socket } = exchange.request;
    this.#all.add(exchange);
    const answers = this.#ofConnection.get(socket);
    if (answers === undefined) this.#watch(socket, exchange);
    else answers.add(exchange);
    if (this.#isClosing) exchange.response.setHeader('connection', 'close');
  }

  /** Its answer is over, or nobody is there to get it; false where that was known already. */
  remove(exchange: Exchange): boolean {
    if (!this.#all.delete(exchange)) return false;
    const { socket } = exchange.request;
    this.#ofConnection.get(socket)?.delete(exchange);
    if (this.#isClosing) socket.destroySoon();
    return true;
  }

  /** The connections of all answers under way. */
  get connections(): Set<Socket> {
    return new Set(Array.from(this.#all, ({ request }) => request.socket));
  }

  /** From now on connections are closed behind their answers. */
  closeBehindAnswers(): void {
    this.#isClosing = true;
    for (const { response } of this.#all) {
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
  }

  /** Tells whoever works on an answer that nobody waits for it any more. */
  abortAll(): void {
    for (const exchange of this.#all) exchange.abort();
  }

  /**
   * Calls back once all requests that came on the connection before have been answered (RFC 9112, 9.3.2), at once where
   * none is open; never where the connection goes before that.
   */
  afterAnswers(socket: Socket, callback: () => void): void {
    const answers = this.#ofConnection.get(socket);
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
    for (const { response } of answers) response.once('close', onClose);
  }

  /**
   * Where a connection goes, node tells only the answer whose turn it is: here those behind it are told as well, or
   * whoever works for them would never hear that their client has left.
   */
  #watch(socket: Socket, first: Exchange): void {
    const answers = new Set([first]);
    this.#ofConnection.set(socket, answers);
    // Once node has told whom it tells.
    socket.once('close', () => setImmediate(() => answers.forEach(({ response }) => close(response))));
  }
}

/** As node does with the answer whose turn it is. */
function close(response: ServerResponse): void {
  response.destroy();
  response.emit('close');
}
