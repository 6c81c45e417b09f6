/** One operation over a WebSocket, from its subscribe message to its complete. */
import { randomUUID } from 'node:crypto';
import type { ExecutionResult } from 'graphql';
import type { SubscribeMessage } from 'graphql-ws';
import type { Logger } from 'pino';
import type { Admit } from './admission.ts';
import type { StreamEnd } from './audit.ts';
import type { Events, EventSink } from './events.ts';
import { HttpProblem, problemError } from './http-problem.ts';
import type { Identified } from './identity.ts';
import type { Outcome, RunOperation } from './operation.ts';
import type { WebSocketLink } from './websocket-link.ts';
import { completeMessage, errorMessage, nextFrame, nextMessage } from './websocket-message.ts';

/** What an operation over a WebSocket needs. */
export interface WebSocketOperationParts {
  readonly message: SubscribeMessage;
  readonly identified: Identified;
  readonly link: WebSocketLink;
  readonly admit: Admit;
  readonly run: RunOperation;
  /** With what the connection is about. */
  readonly log: Logger;
  /** It sends nothing any more: its id is free. */
  readonly onOver: () => void;
  /** It is over, and nothing works for it any more. */
  readonly onGone: () => void;
  /** A result could not be written. */
  readonly onFailure: () => void;
}

/** Runs as soon as it is made. */
export class WebSocketOperation implements EventSink {
  readonly #parts: WebSocketOperationParts;
  readonly #requestId = randomUUID();
  readonly #abort = new AbortController();
  #isOver = false;
  /** Why no more events are wanted; null while they are. */
  #reason: StreamEnd | null = null;
  #isStarting = true;
  #events: Events | null = null;
  readonly #onTaken = (): void => this.#events?.taken();
  #name: string | undefined;
  #count = 0;

  constructor(parts: WebSocketOperationParts) {
    this.#parts = parts;
    this.#start().catch((thrown: unknown) => this.#fail(thrown));
  }

  /** Nobody waits for it any more. */
  cancel(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#reason ??= end;
    this.#events?.release(this.#reason);
    this.#end();
    this.#abort.abort();
  }

  /** Completes events at once; a single answer that is under way once it is there. */
  finish(): void {
    this.#reason ??= 'service';
    if (this.#events === null) return;
    this.#events.release(this.#reason);
    this.#complete();
  }

  async #start(): Promise<void> {
    const outcome = await this.#run();
    this.#isStarting = false;
    if (this.#isOver) {
      if (outcome.kind === 'events') outcome.events.release(this.#reason ?? 'service');
      this.#parts.onGone();
    } else {
      this.#send(outcome);
    }
  }

  async #run(): Promise<Outcome> {
    const { message, identified, admit, run } = this.#parts;
    let operation;
    try {
      operation = admit(message.payload as unknown as Record<string, unknown>);
    } catch (thrown) {
      if (!(thrown instanceof HttpProblem)) throw thrown;
      return { kind: 'result', result: { errors: [problemError(thrown)] } };
    }
    return run({
      way: 'WebSocket',
      method: 'POST',
      operation,
      asker: { ...identified, signal: this.#abort.signal, requestId: this.#requestId },
      takesEvents: true,
      onOperation: (name) => (this.#name = name.slice(0, 100)),
    });
  }

  #send(outcome: Outcome): void {
    const { message, link } = this.#parts;
    if (outcome.kind === 'events') {
      if (this.#reason === null) this.#follow(outcome.events);
      else {
        outcome.events.release(this.#reason);
        this.#complete();
      }
    } else if (!('data' in outcome.result) && outcome.result.errors !== undefined) {
      // Nothing ran. An error is the end, without a complete message (PROTOCOL.md, "Error").
      link.send(errorMessage(message.id, outcome.result.errors));
      this.#end();
    } else {
      link.send(nextMessage(message.id, outcome.result));
      this.#complete();
    }
  }

  #follow(events: Events): void {
    this.#parts.log.debug({ requestId: this.#requestId, operation: this.#name }, 'stream opened');
    this.#events = events;
    events.pour(this);
  }

  deliver(event: ExecutionResult): void {
    const { message, link } = this.#parts;
    this.#count += 1;
    link.sendFrame(nextFrame(message.id, event), this.#onTaken);
  }

  done(): void {
    this.#complete();
  }

  failed(thrown: unknown): void {
    this.#fail(thrown);
  }

  #complete(): void {
    if (this.#isOver) return;
    this.#parts.link.send(completeMessage(this.#parts.message.id));
    this.#end();
  }

  #end(): void {
    const { log, onOver, onGone } = this.#parts;
    this.#isOver = true;
    const facts = { requestId: this.#requestId, operation: this.#name };
    if (this.#events === null) log.debug(facts, 'operation');
    else log.debug({ ...facts, events: this.#count }, 'stream closed');
    onOver();
    if (!this.#isStarting) onGone();
  }

  #fail(thrown: unknown): void {
    this.#parts.log.error({ requestId: this.#requestId, err: thrown }, 'unexpected error');
    this.#parts.onFailure();
  }
}
