/** One answer as Server-Sent Events (graphql-sse's PROTOCOL.md, "distinct connections mode"). */
import type { Socket } from 'node:net';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { StreamEnd } from '../audit.ts';
import type { Events, EventSink } from '../events.ts';
import type { EventWrites, WrittenFor } from './event-writes.ts';
import type { Outcome } from '../operation-outcome.ts';
import type { Exchange } from '../http/exchange.ts';
import type { ConnectionLimits } from '../http/stall-detector.ts';
import type { Heartbeat } from '../heartbeat.ts';
import { nextEventBytes, nextEventChunk } from '../result-bytes.ts';
import { flatDataHeaders } from '../http/security-header.ts';

/** What all event streams share. */
export interface EventStreamWorld {
  readonly writes: EventWrites;
  readonly heartbeat: Heartbeat;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
  /** Told of each that is over. */
  readonly onClose: (stream: EventStream) => void;
}

const comment = Buffer.from(':\n\n');
/** With an empty `data`, without which EventSource tells nobody. */
const completeEvent = Buffer.from('event: complete\ndata: \n\n');

/**
 * Answers straight on node's response: a fetch stream in between would keep events that a slow client should never
 * get.
 */
export class EventStream implements EventSink, WrittenFor {
  /** Events sent so far. */
  count = 0;
  readonly #exchange: Exchange;
  readonly #world: EventStreamWorld;
  #quietBeats = 0;
  /** Why no more events are wanted; null while they are. */
  #end: StreamEnd | null = null;
  #events: Events | null = null;
  /** Where events are written to as they stand; null until the first one, and at the end. */
  #socket: Socket | null = null;
  readonly onTaken = (): void => this.#events?.taken();

  /** Begins the answer: its status is 200 whatever comes, as errors are events too. */
  constructor(exchange: Exchange, world: EventStreamWorld) {
    const { response } = exchange;
    this.#exchange = exchange;
    this.#world = world;
    world.heartbeat.add(this);
    // Not once: what node keeps for that is kept for as long as the stream.
    response.on('close', () => this.#onClose());
    this.#writeHead();
    // Some browsers hold the answer back until there is a first byte of its body.
    this.#write(comment);
  }

  /** What the log says of it. */
  get facts(): object {
    const { requestId, caller, facts } = this.#exchange;
    const { operation } = facts;
    return { requestId, transport: 'sse', partition: caller?.partitionId.toString(), operation };
  }

  /** Sends what came of the operation. */
  send(outcome: Outcome): void {
    const { response } = this.#exchange;
    const { log } = this.#world;
    if (log.isLevelEnabled('debug')) log.debug(this.facts, 'stream opened');
    if (outcome.kind === 'result') {
      if (response.writableEnded || response.destroyed) return;
      this.count += 1;
      this.#write(nextEventBytes(outcome.result));
      this.#complete();
    } else if (this.#end !== null) {
      outcome.events.release(this.#end);
      this.#complete();
    } else {
      forgetHead(this.#exchange);
      this.#events = outcome.events;
      outcome.events.pour(this);
    }
  }

  /** Ends the stream from this side: events at once, a single answer that is under way once it is there. */
  end(): void {
    this.#end ??= 'service';
    if (this.#events === null) return;
    this.#events.release(this.#end);
    this.#complete();
  }

  /** The same bytes go to many, straight to the socket: node would put three pieces together for each. */
  deliver(event: ExecutionResult): boolean {
    this.count += 1;
    this.#socket ??= this.#chunkedSocket();
    if (this.#socket === null) {
      this.#write(nextEventBytes(event), this.onTaken);
      return false;
    }
    this.#quietBeats = 0;
    this.#world.writes.put(this.#socket, nextEventChunk(event), this);
    return true;
  }

  untaken(): void {
    this.#events?.untaken();
  }

  /** There is none while an answer ahead of this one on the connection is under way; HTTP/1.0 has no chunks. */
  #chunkedSocket(): Socket | null {
    const { response } = this.#exchange;
    const isOpen = !response.writableEnded && !response.destroyed;
    return isOpen && response.chunkedEncoding ? response.socket : null;
  }

  done(): void {
    this.#events = null;
    this.#complete();
  }

  /** Its answer is whole, but not complete; the connection goes with it. */
  expired(): void {
    this.#events = null;
    const { request, response } = this.#exchange;
    if (response.writableEnded || response.destroyed) return;
    this.#world.writes.flush();
    this.#socket = null;
    // Node has let go of the connection by then.
    const { socket } = request;
    response.once('finish', () => socket.destroySoon());
    response.end();
  }

  failed(thrown: unknown): void {
    this.#events = null;
    this.#exchange.response.destroy();
    this.#world.log.error({ ...this.facts, err: thrown }, 'unexpected error');
  }

  onHeartbeat(): void {
    this.#quietBeats += 1;
    this.#events?.checkExpiry();
    const isQuiet = this.#quietBeats >= this.#world.limits.pingBeats;
    if (isQuiet && this.#exchange.response.writableLength === 0) this.#write(comment);
  }

  /** Told twice where the connection goes while the answer waits for its turn on it. */
  #onClose(): void {
    this.#world.heartbeat.delete(this);
    this.#end ??= this.#exchange.isStalled ? 'stalled' : 'client';
    this.#events?.release(this.#end);
    this.#events = null;
    this.#world.onClose(this);
  }

  #writeHead(): void {
    const { request, response, requestId, hasUsualHeaders } = this.#exchange;
    const headers = [
      'content-type',
      'text/event-stream; charset=utf-8',
      // Neither kept nor, by proxies, packed: what is packed waits for more.
      'cache-control',
      'no-cache, no-transform',
      // Nginx would collect events (ngx_http_proxy_module, proxy_buffering).
      'x-accel-buffering',
      'no',
    ];
    if (!hasUsualHeaders) headers.push('x-request-id', requestId, ...flatDataHeaders(request));
    response.writeHead(200, headers);
    flatten(response);
  }

  #complete(): void {
    const { response } = this.#exchange;
    if (response.writableEnded || response.destroyed) return;
    this.#world.writes.flush();
    this.#socket = null;
    response.end(completeEvent);
  }

  #write(bytes: Buffer, onTaken?: () => void): void {
    const { response } = this.#exchange;
    if (response.writableEnded || response.destroyed) return;
    this.#world.writes.flush();
    this.#quietBeats = 0;
    response.write(bytes, onTaken);
  }
}

/**
 * Node keeps the text of a head for as long as its answer goes on, as the tree of pieces that it put it together from:
 * 2 KB. V8 makes one text of it, a tenth as large, when somebody looks for something in it. Where node has it by another
 * name, nothing happens.
 */
function flatten(response: object): void {
  const head = '_header' in response ? response._header : null;
  // Of a question that nobody needs the answer of, V8 makes nothing at all.
  if (typeof head === 'string' && head.includes('\0')) throw new TypeError('A head with a zero in it');
}

/** The head of a request is not read any more once its events have begun: a kilobyte or more for as long as they go on. */
function forgetHead({ request }: Exchange): void {
  request.headers = {};
  request.rawHeaders = [];
}
