/** Responses as Server-Sent Events (graphql-sse's PROTOCOL.md, "distinct connections mode"). */
import type { Socket } from 'node:net';
import type { ExecutionResult } from 'graphql';
import type { StreamEnd } from '../audit.ts';
import type { ListenerEnd } from '../context.ts';
import type { Events, EventSink } from '../events.ts';
import type { HeartbeatListener } from '../heartbeat.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { Outcome } from '../operation-outcome.ts';
import { nextEventBytes, nextEventChunk } from '../result-bytes.ts';
import type { WriteListener } from './write-coalescer.ts';

const comment = Buffer.from(':\n\n');
/** The empty `data` is needed, because EventSource dispatches no event without it. */
const completeEvent = Buffer.from('event: complete\ndata: \n\n');

/** One response, written directly to Node's: a fetch stream in between would buffer events for a slow client. */
export class EventStream implements EventSink, HeartbeatListener, WriteListener {
  /** The number of events sent. */
  #count = 0;
  readonly #exchange: HttpExchange;
  #quietHeartbeats = 0;
  /** Why no more events are requested; null while they are. */
  #end: StreamEnd | null = null;
  #mayResume = false;
  #events: Events | null = null;
  /** The socket that complete chunks are written to; null before the first event and after the end. */
  #socket: Socket | null = null;
  readonly onDrained = (): void => this.#events?.drained();

  /** Starts the response with status 200, because errors are events too. It ends when its listener closes. */
  constructor(exchange: HttpExchange, { isSubscription }: { readonly isSubscription: boolean }) {
    this.#exchange = exchange;
    exchange.isEventStream = true;
    exchange.server.heartbeat.add(this);
    this.#writeHead(isSubscription);
    // Some browsers delay the response until the first byte of its body.
    this.#write(comment);
    // Not `once`, for which Node keeps more memory. Emitted twice if the connection closes.
    exchange.response.on('close', () => this.#onClose());
    exchange.listener.streams.add(this);
  }

  /** Sends the outcome of the operation. */
  send(outcome: Outcome): void {
    const { log } = this.#exchange.server;
    if (log.isLevelEnabled('debug')) log.debug(this.#exchange.facts, 'stream opened');
    if (outcome.kind === 'result') {
      if (!this.#isOpen) return;
      this.#count += 1;
      this.#write(nextEventBytes(outcome.result));
      this.#complete();
    } else if (this.#end !== null) {
      this.#release(outcome.events, this.#end);
    } else {
      forgetHead(this.#exchange);
      this.#events = outcome.events;
      outcome.events.pipe(this);
    }
  }

  /**
   * Ends a stream of events at once, and a pending single result when it has been sent. If the client may resume, the
   * response ends without `complete`, after which clients do not reconnect.
   */
  end({ mayResume }: ListenerEnd): void {
    this.#end ??= 'service';
    this.#mayResume = mayResume;
    if (this.#events !== null) this.#release(this.#events, this.#end);
  }

  /** Writes bytes shared by many streams directly to the socket: Node would join three pieces for each stream. */
  deliver(event: ExecutionResult): boolean {
    this.#count += 1;
    this.#socket ??= this.#chunkedSocket();
    if (this.#socket === null) {
      this.#write(nextEventBytes(event), this.onDrained);
      return false;
    }
    this.#quietHeartbeats = 0;
    this.#exchange.server.writeCoalescer.put(this.#socket, nextEventChunk(event), this);
    return true;
  }

  onBlocked(): void {
    this.#events?.blocked();
  }

  done(): void {
    this.#events = null;
    this.#complete();
  }

  identityEnded(): void {
    this.#events = null;
    this.#disconnect();
  }

  /** A pending single result is not sent. */
  checkCredential(): void {
    const message = this.#exchange.credential.problem();
    if (message === null) return;
    if (this.#events === null) this.#exchange.request.socket.destroy();
    else this.#events.endIdentity({ message, end: 'revoked' });
  }

  failed(thrown: unknown): void {
    this.#events = null;
    this.#exchange.response.destroy();
    this.#exchange.server.log.error({ ...this.#exchange.facts, err: thrown }, 'unexpected error');
  }

  onHeartbeat(): void {
    this.#quietHeartbeats += 1;
    this.#events?.checkExpiry();
    const isQuiet = this.#quietHeartbeats >= this.#exchange.server.limits.pingHeartbeats;
    if (isQuiet && this.#exchange.response.writableLength === 0) this.#write(comment);
  }

  #onClose(): void {
    const { isStalled, listener, server } = this.#exchange;
    server.heartbeat.delete(this);
    this.#end ??= isStalled ? 'stalled' : 'client';
    this.#events?.release(this.#end);
    this.#events = null;
    if (listener.streams.delete(this) && server.log.isLevelEnabled('debug'))
      server.log.debug({ ...this.#exchange.facts, events: this.#count }, 'stream closed');
  }

  get #isOpen(): boolean {
    const { response } = this.#exchange;
    return !response.writableEnded && !response.destroyed;
  }

  /** null while another response of the connection comes first, and for HTTP/1.0, which has no chunked encoding. */
  #chunkedSocket(): Socket | null {
    const { response } = this.#exchange;
    return this.#isOpen && response.chunkedEncoding ? response.socket : null;
  }

  #writeHead(isSubscription: boolean): void {
    const headers = [
      'content-type',
      'text/event-stream; charset=utf-8',
      // Proxies must not compress it, because they would buffer events.
      'cache-control',
      'no-cache, no-transform',
      // Nginx would buffer events (ngx_http_proxy_module, proxy_buffering).
      'x-accel-buffering',
      'no',
    ];
    // The connection may close with the stream: a client that considered it idle would lose its next request.
    if (isSubscription) headers.push('connection', 'close');
    this.#exchange.writeHead(200, headers);
    flattenHead(this.#exchange.response);
  }

  #release(events: Events, end: StreamEnd): void {
    events.release(end);
    if (this.#mayResume) this.#disconnect();
    else this.#complete();
  }

  #complete(): void {
    if (!this.#isOpen) return;
    this.#exchange.server.writeCoalescer.flush();
    this.#socket = null;
    this.#exchange.response.end(completeEvent);
  }

  /** Ends the response and the connection without completing the operation. */
  #disconnect(): void {
    const { request, response } = this.#exchange;
    if (!this.#isOpen) return;
    this.#exchange.server.writeCoalescer.flush();
    this.#socket = null;
    // Node detaches the socket before that.
    const { socket } = request;
    response.once('finish', () => socket.destroySoon());
    response.end();
  }

  #write(bytes: Buffer, onDrained?: () => void): void {
    if (!this.#isOpen) return;
    this.#exchange.server.writeCoalescer.flush();
    this.#quietHeartbeats = 0;
    this.#exchange.response.write(bytes, onDrained);
  }
}

/**
 * Node keeps the text of the head during the response, as a tree of concatenated strings: 2 KB. V8 flattens it to a tenth
 * of that when it is searched. If Node renames the field, this has no effect.
 */
function flattenHead(response: object): void {
  const head = '_header' in response ? response._header : null;
  // V8 would eliminate a search whose result is unused.
  if (typeof head === 'string' && head.includes('\0')) throw new TypeError('A head with a zero in it');
}

/** Releases the headers of the request, a kilobyte or more, which are no longer needed. */
function forgetHead(exchange: HttpExchange): void {
  const { request } = exchange;
  // Behind a proxy, the client's address is in the headers.
  if (request.headers['x-forwarded-for'] !== undefined) void exchange.address;
  request.headers = {};
  request.rawHeaders = [];
}
