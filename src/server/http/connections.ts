/** The connections of a listener and the requests in flight on them: their order, slow readers, and shutdown. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Credential } from '../../revocation/credential.ts';
import type { HvqlError } from '../../errors.ts';
import type { ServerContext } from '../context.ts';
import { StallDetector, type HeartbeatListener } from '../heartbeat.ts';
import { ConnectionEntries, type ConnectionEntry } from './connection-entries.ts';
import type { HttpExchange } from './http-exchange.ts';

/** The maximum number of concurrent requests on a connection: some wait for a second reading. */
const mostRunning = 4;
/** With more unsent bytes on a connection, no further request is started. */
const unsentLimitInBytes = 1_048_576;
/** With more waiting requests, the connection is not read. */
const pausedAt = 16;
/** Only a client that ignores its responses can have more waiting requests after reading was paused: it is disconnected. */
const mostWaiting = 512;
/** Some clients offer HTTP/2 with each request; each time, the connection gets another parser. */
const mostDeclinedUpgrades = 100;

interface Connection {
  /** The requests in flight, in the order of their responses (RFC 9112, 9.3.2). */
  readonly exchanges: HttpExchange[];
  /** After an upgrade, the new protocol closes the connection. */
  isUpgraded: boolean;
  /** The credential of its last request; null before the first one has ended. */
  credential: Credential | null;
  /** How often an upgrade was declined on it. */
  declinedUpgrades: number;
  readonly entry: ConnectionEntry;
  stall: StallDetector | null;
}

type ConnectionsContext = Pick<ServerContext, 'heartbeat' | 'limits' | 'log' | 'proxies' | 'connectionQuota'>;

/** The connections of one server. */
export class Connections implements HeartbeatListener {
  readonly #server: Server;
  readonly #context: ConnectionsContext;
  readonly #connections = new Map<Socket, Connection>();
  readonly #entries: ConnectionEntries;
  #isClosing = false;
  #isListening = false;

  constructor(server: Server, context: ConnectionsContext) {
    this.#server = server;
    this.#context = context;
    // A connection is emitted again if its upgrade was declined.
    const open = (socket: Socket): void => void (this.#of(socket).isUpgraded = false);
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', open);
    // After the listener above, because this one forgets the handshake for which the connection was counted.
    this.#entries = new ConnectionEntries(server, context);
    server.prependListener('upgrade', (_request: IncomingMessage, socket: Socket) => {
      this.#of(socket).isUpgraded = true;
    });
  }

  /** How many connections are open. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Starts a request at once if no other is in flight on the connection, otherwise in order. Pipelined requests are started
   * one per turn of the event loop, while few run and little is unsent. So a client that sends many requests at once
   * delays no other client, and one that does not read takes little memory.
   */
  add<Added extends HttpExchange>(exchange: Added, begin: (exchange: Added) => void): void {
    const { socket } = exchange.request;
    const connection = this.#of(socket);
    const { exchanges } = connection;
    exchanges.push(exchange);
    exchange.quotaEntry = this.#entries.ofRequest(exchange.request, connection.entry);
    if (this.#isClosing) exchange.response.setHeader('connection', 'close');
    if (!this.#isListening) {
      this.#isListening = true;
      this.#context.heartbeat.add(this);
    }
    const ahead = exchanges.length - 1;
    if (ahead === 0) {
      begin(exchange);
      return;
    }
    exchange.begin = () => begin(exchange);
    // After disconnecting, the rest of the last chunk still arrives.
    if (socket.destroyed) return;
    if (ahead > mostWaiting) {
      const message = 'a client with too many requests in flight was disconnected';
      this.#context.log.warn({ requests: ahead }, message);
      socket.destroy();
      return;
    }
    if (ahead > pausedAt) socket.pause();
    this.#beginLater(socket, exchanges);
  }

  /**
   * Counts a WebSocket that a trusted proxy forwards as a connection of its client, until it is closed. Returns the error
   * if it, or its connection, exceeds a limit on connections, otherwise null.
   */
  problemOfUpgrade(request: IncomingMessage): HvqlError | null {
    const { socket } = request;
    const { entry } = this.#of(socket);
    const quotaEntry = this.#entries.ofRequest(request, entry);
    if (quotaEntry.problem === null && quotaEntry !== entry.quotaEntry)
      socket.once('close', () => quotaEntry.leave());
    return quotaEntry.problem;
  }

  /** Counts a declined upgrade. Returns false if the connection has had too many. */
  countDeclined(socket: Socket): boolean {
    const connection = this.#of(socket);
    connection.declinedUpgrades += 1;
    return connection.declinedUpgrades < mostDeclinedUpgrades;
  }

  /** Called when the response has ended or its client has disconnected. Returns false if that was already known. */
  remove(exchange: HttpExchange): boolean {
    const { socket } = exchange.request;
    const connection = this.#connections.get(socket);
    const at = connection?.exchanges.indexOf(exchange) ?? -1;
    if (connection === undefined || at === -1) return false;
    const { exchanges } = connection;
    if (at === 0) exchanges.shift();
    else exchanges.splice(at, 1);
    connection.stall = null;
    connection.credential = exchange.credential;
    if (exchange.quotaEntry !== connection.entry.quotaEntry) exchange.quotaEntry?.leave();
    if (this.#isClosing && !socket.destroyed) socket.destroySoon();
    this.#beginLater(socket, exchanges);
    return true;
  }

  /**
   * Stops reading a connection and aborts its incomplete requests. Calls back when the complete ones have been answered.
   * Returns false, and never calls back, if a response has started that may last, or if the response to an incomplete
   * request has already been sent.
   */
  stopReading(socket: Socket, callback: () => void): boolean {
    const exchanges = [...this.#of(socket).exchanges];
    const isLast = ({ request, response }: HttpExchange): boolean =>
      response.headersSent && !(response.writableEnded && request.complete);
    if (exchanges.some(isLast)) return false;
    for (const exchange of exchanges) if (!exchange.request.complete) exchange.abort();
    afterAll(
      exchanges.filter(({ request }) => request.complete),
      callback,
    );
    return true;
  }

  /** Calls back when no request is in flight on the connection; never if it is closed or closing by then. */
  afterResponses(socket: Socket, callback: () => void): void {
    const { exchanges } = this.#of(socket);
    if (exchanges.length === 0) {
      if (socket.writable) callback();
      return;
    }
    // A response may wait for 'drain', which Node no longer forwards after an upgrade.
    const onDrain = (): void => void exchanges[0]?.response.emit('drain');
    socket.on('drain', onDrain);
    // Node resumes a connection that it has paused, although it no longer reads it: without this listener, data would be
    // lost.
    socket.on('readable', ignore);
    afterAll(exchanges, () => {
      socket.off('drain', onDrain);
      socket.off('readable', ignore);
      if (socket.writable) callback();
    });
  }

  /** Cuts connections whose TLS handshake is not finished. */
  cutHandshakes(): void {
    this.#entries.cutHandshakes();
  }

  /**
   * Closes the connections with a response in progress to a caller whose credential has been revoked, and idle ones whose
   * last request had such a credential. Event streams and WebSockets close themselves.
   */
  cutWithdrawn(): void {
    for (const [socket, { exchanges, isUpgraded, credential }] of this.#connections) {
      if (isUpgraded) continue;
      const open = exchanges.filter(({ isEventStream }) => !isEventStream);
      const credentials = exchanges.length === 0 ? [credential] : open.map((exchange) => exchange.credential);
      if (credentials.every((each) => each === null || each.problem() === null)) continue;
      for (const exchange of open) exchange.abort();
      socket.destroy();
    }
  }

  /**
   * Closes the server: idle connections at once, others after their responses, and all after the grace period. Node's
   * `closeIdleConnections` leaves connections without a first request open, which browsers preconnect.
   */
  async close(graceMilliseconds: number): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const [socket, { exchanges, isUpgraded }] of this.#connections) {
      if (exchanges.length === 0 && !isUpgraded) socket.destroy();
      for (const { response } of exchanges)
        if (!response.headersSent) response.setHeader('connection', 'close');
    }
    this.cutHandshakes();
    const cut = setTimeout(() => {
      for (const [socket, { exchanges }] of this.#connections) {
        for (const exchange of [...exchanges]) exchange.abort();
        socket.destroy();
      }
      this.cutHandshakes();
    }, graceMilliseconds);
    await closed;
    clearTimeout(cut);
    this.#context.heartbeat.delete(this);
  }

  /** Disconnects clients that do not read their responses for too long, because unsent data takes memory. */
  onHeartbeat(): void {
    let isBusy = false;
    for (const [socket, connection] of this.#connections) {
      const [exchange] = connection.exchanges;
      if (exchange === undefined) continue;
      isBusy = true;
      connection.stall ??= new StallDetector(socket, this.#context.limits.stallHeartbeats);
      if (exchange.response.headersSent && connection.stall.isStalled()) this.#cut(exchange);
    }
    if (isBusy) return;
    this.#isListening = false;
    this.#context.heartbeat.delete(this);
  }

  #cut(exchange: HttpExchange): void {
    const { limits, log } = this.#context;
    const facts = { transport: 'http', ...exchange.facts, stallMilliseconds: limits.stallMilliseconds };
    log.warn(facts, 'a client that read nothing for too long was disconnected');
    exchange.isStalled = true;
    exchange.request.socket.destroy();
  }

  #of(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const entry = this.#entries.open(socket);
    const connection: Connection = {
      exchanges: [],
      isUpgraded: false,
      credential: null,
      declinedUpgrades: 0,
      entry,
      stall: null,
    };
    this.#connections.set(socket, connection);
    // When the client disconnects, Node closes only the current response; the others are closed here, after it.
    const onClose = (): void =>
      void setImmediate(() => {
        for (const { response } of [...connection.exchanges]) closeResponse(response);
        this.#connections.delete(socket);
        entry.leave();
      });
    if (socket.closed) onClose();
    // Not `once`, for which Node keeps more memory.
    else socket.on('close', onClose);
    return connection;
  }

  #beginLater(socket: Socket, exchanges: readonly HttpExchange[]): void {
    if (exchanges.at(-1)?.begin != null) setImmediate(() => this.#beginNext(socket, exchanges));
  }

  #beginNext(socket: Socket, exchanges: readonly HttpExchange[]): void {
    // Requests that have started come first.
    const running = exchanges.findIndex(({ begin }) => begin !== null);
    const next = exchanges[running];
    const begin = next?.begin ?? null;
    if (next === undefined || begin === null || socket.destroyed) return;
    const unsent = exchanges
      .slice(0, running)
      .reduce((sum, { response }) => sum + response.writableLength, 0);
    if (running >= mostRunning || unsent > unsentLimitInBytes) return;
    next.begin = null;
    if (exchanges.length <= pausedAt) socket.resume();
    begin();
    this.#beginLater(socket, exchanges);
  }
}

const ignore = (): void => undefined;

/** Calls back when the responses have ended or their client has disconnected; immediately if there are no responses. */
function afterAll(exchanges: readonly HttpExchange[], callback: () => void): void {
  let left = exchanges.length;
  if (left === 0) callback();
  const onClose = (): void => {
    left -= 1;
    if (left === 0) callback();
  };
  for (const { response } of exchanges) response.once('close', onClose);
}

/** Closes the response as Node does with the current one. */
function closeResponse(response: ServerResponse): void {
  response.destroy();
  response.emit('close');
}
