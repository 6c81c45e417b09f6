/** The answers under way on a server, and on each of its connections, from their request to their end. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange } from './exchange.ts';

/**
 * The answers under way on a connection: one as a rule. They are kept in no Set: what passes through one by the
 * thousand is held by its discarded tables, which point to each other, until the next full collection of garbage. That
 * halved the answers a second.
 */
interface Connection {
  only: Exchange | null;
  /** All of them, where clients send more than one request before they read the answers. */
  several: Exchange[] | null;
}

/** The answers under way on a server. */
export class OpenAnswers {
  readonly #connections = new Map<Socket, Connection>();
  #isClosing = false;

  /** A request has come. Where the server is about to close, its answer says so. */
  add(exchange: Exchange): void {
    const { socket } = exchange.request;
    const connection = this.#connections.get(socket);
    if (connection === undefined) this.#watch(socket, { only: exchange, several: null });
    else if (connection.several !== null) connection.several.push(exchange);
    else if (connection.only === null) connection.only = exchange;
    else {
      connection.several = [connection.only, exchange];
      connection.only = null;
    }
    if (this.#isClosing) exchange.response.setHeader('connection', 'close');
  }

  /** Its answer is over, or nobody is there to get it; false where that was known already. */
  remove(exchange: Exchange): boolean {
    const { socket } = exchange.request;
    const connection = this.#connections.get(socket);
    if (connection === undefined || !take(exchange, connection)) return false;
    if (socket.destroyed) this.#forgetWhereDone(socket, connection);
    else if (this.#isClosing) socket.destroySoon();
    return true;
  }

  /** The answers under way on a connection, in the order in which they are sent. */
  on(socket: Socket): readonly Exchange[] {
    const connection = this.#connections.get(socket);
    return connection === undefined ? none : answersOf(connection);
  }

  /** The connections of all answers under way. */
  get busyConnections(): Socket[] {
    return Array.from(this.#connections)
      .filter(([, connection]) => answersOf(connection).length > 0)
      .map(([socket]) => socket);
  }

  /**
   * Nothing more can be read from the connection: whoever waits for the rest of a request is told. Calls back once all
   * that came whole before have been answered, at once where there are none. Returns false, and never calls back, where
   * an answer has begun, which may go on for as long as it likes.
   */
  stopReading(socket: Socket, callback: () => void): boolean {
    const connection = this.#connections.get(socket);
    const exchanges = connection === undefined ? [] : [...answersOf(connection)];
    if (exchanges.some(({ response }) => response.headersSent)) return false;
    const whole = exchanges.filter(({ request }) => request.complete);
    for (const exchange of exchanges) if (!exchange.request.complete) exchange.abort();
    let left = whole.length;
    if (left === 0) callback();
    for (const { response } of whole) {
      response.once('close', () => {
        left -= 1;
        if (left === 0) callback();
      });
    }
    return true;
  }

  /** From now on connections are closed behind their answers. */
  closeBehindAnswers(): void {
    this.#isClosing = true;
    for (const { response } of this.#all()) {
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
  }

  /** Tells whoever works on an answer that nobody waits for it any more. */
  abortAll(): void {
    for (const exchange of this.#all()) exchange.abort();
  }

  /**
   * Calls back once all requests that came on the connection before have been answered (RFC 9112, 9.3.2), at once where
   * none is open; never where the connection is closed by then, or about to be.
   */
  afterAnswers(socket: Socket, callback: () => void): void {
    const connection = this.#connections.get(socket);
    const answers = connection === undefined ? [] : [...answersOf(connection)];
    if (connection === undefined || answers.length === 0) {
      if (socket.writable) callback();
      return;
    }
    // An answer may wait for it, and from an upgrade on node no longer passes it on.
    const onDrain = (): void => void answersOf(connection)[0]?.response.emit('drain');
    socket.on('drain', onDrain);
    // Node resumes a connection that it paused for the answers ahead, although it reads it no longer: what comes would
    // be lost. With such a listener nothing is given out unless it is read.
    socket.on('readable', ignore);
    const onClose = (): void => {
      if (answersOf(connection).length > 0) return;
      socket.off('drain', onDrain);
      socket.off('readable', ignore);
      if (socket.writable) callback();
    };
    for (const { response } of answers) response.once('close', onClose);
  }

  *#all(): Generator<Exchange> {
    for (const connection of this.#connections.values()) yield* [...answersOf(connection)];
  }

  /**
   * Where a connection goes, node tells only the answer whose turn it is: here those behind it are told as well, or
   * whoever works for them would never hear that their client has left.
   */
  #watch(socket: Socket, connection: Connection): void {
    this.#connections.set(socket, connection);
    // Once node has told whom it tells. It comes once as it is: node keeps more for what is to be called once only.
    socket.on('close', () =>
      setImmediate(() => {
        for (const { response } of [...answersOf(connection)]) close(response);
        this.#forgetWhereDone(socket, connection);
      }),
    );
  }

  #forgetWhereDone(socket: Socket, connection: Connection): void {
    if (socket.closed && answersOf(connection).length === 0) this.#connections.delete(socket);
  }
}

const none: readonly Exchange[] = [];
const ignore = (): void => undefined;

function answersOf({ only, several }: Connection): readonly Exchange[] {
  return several ?? (only === null ? none : [only]);
}

/** Takes it out; false where it is not there. */
function take(exchange: Exchange, connection: Connection): boolean {
  const { several } = connection;
  if (several === null) {
    if (connection.only !== exchange) return false;
    connection.only = null;
    return true;
  }
  const at = several.indexOf(exchange);
  if (at === -1) return false;
  several.splice(at, 1);
  if (several.length === 0) connection.several = null;
  return true;
}

/** As node does with the answer whose turn it is. */
function close(response: ServerResponse): void {
  response.destroy();
  response.emit('close');
}
