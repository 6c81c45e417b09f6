/** One answer as Server-Sent Events (graphql-sse's PROTOCOL.md, "distinct connections mode"). */
import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { StreamEnd } from './audit.ts';
import type { Events, EventSink } from './events.ts';
import type { Outcome } from './operation.ts';
import { Patience, type ConnectionLimits } from './patience.ts';
import type { Pulse } from './pulse.ts';
import { nextEventBytes, nextEventChunk } from './result-bytes.ts';

/** What an event stream needs. */
export interface EventStreamParts {
  readonly response: ServerResponse;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  /** The client takes nothing; by then it has been cut. */
  readonly onStall: () => void;
  /** An event could not be written; by then the client has been cut. */
  readonly onFailure: (thrown: unknown) => void;
}

const comment = Buffer.from(':\n\n');
/** With an empty `data`, without which EventSource tells nobody. */
const completeEvent = Buffer.from('event: complete\ndata: \n\n');

/**
 * Answers straight on node's response: a fetch stream in between would keep events that a slow client should never
 * get.
 */
export class EventStream implements EventSink {
  /** Events sent so far. */
  count = 0;
  readonly #parts: EventStreamParts;
  readonly #patience: Patience;
  #quietBeats = 0;
  /** Why no more events are wanted; null while they are. */
  #end: StreamEnd | null = null;
  #events: Events | null = null;
  readonly #onTaken = (): void => this.#patience.taken();
  readonly #onEventTaken = (): void => {
    this.#patience.taken();
    this.#events?.taken();
  };

  /** Begins the answer: its status is 200 whatever comes, as errors are events too. */
  constructor(parts: EventStreamParts) {
    const { response, pulse, limits } = parts;
    this.#parts = parts;
    this.#patience = new Patience(limits.stallBeats);
    const leave = pulse.join(() => this.#beat());
    response.once('close', () => {
      leave();
      this.#end ??= 'client';
      this.#events?.release(this.#end);
      this.#events = null;
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // Neither kept nor, by proxies, packed: what is packed waits for more.
      'cache-control': 'no-cache, no-transform',
      // Nginx would collect events (ngx_http_proxy_module, proxy_buffering).
      'x-accel-buffering': 'no',
    });
    // Some browsers hold the answer back until there is a first byte of its body.
    this.#write(comment);
  }

  /** Sends what came of the operation. */
  send(outcome: Outcome): void {
    const { response } = this.#parts;
    if (outcome.kind === 'result') {
      if (response.writableEnded || response.destroyed) return;
      this.count += 1;
      this.#write(nextEventBytes(outcome.result));
      this.#complete();
    } else if (this.#end !== null) {
      outcome.events.release(this.#end);
      this.#complete();
    } else {
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
  deliver(event: ExecutionResult): void {
    const { response } = this.#parts;
    this.count += 1;
    if (response.writableEnded || response.destroyed) return;
    this.#quietBeats = 0;
    this.#patience.sent();
    const { socket } = response;
    // There is none while an answer ahead of this one on the connection is under way; HTTP/1.0 has no chunks.
    if (socket === null || !response.chunkedEncoding)
      response.write(nextEventBytes(event), this.#onEventTaken);
    else socket.write(nextEventChunk(event), this.#onEventTaken);
  }

  done(): void {
    this.#events = null;
    this.#complete();
  }

  failed(thrown: unknown): void {
    this.#events = null;
    this.#parts.response.destroy();
    this.#parts.onFailure(thrown);
  }

  #complete(): void {
    const { response } = this.#parts;
    if (response.writableEnded || response.destroyed) return;
    this.#patience.sent();
    response.end(completeEvent);
  }

  #write(bytes: Buffer): void {
    const { response } = this.#parts;
    if (response.writableEnded || response.destroyed) return;
    this.#quietBeats = 0;
    this.#patience.sent();
    response.write(bytes, this.#onTaken);
  }

  #beat(): void {
    const { response, limits, onStall } = this.#parts;
    this.#quietBeats += 1;
    if (this.#patience.beat()) {
      this.#end ??= 'stalled';
      response.destroy();
      onStall();
    } else if (this.#quietBeats >= limits.pingBeats && this.#patience.isIdle) {
      this.#write(comment);
    }
  }
}
