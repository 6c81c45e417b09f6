/** One operation over a WebSocket, from its subscribe message to its complete. */
import { randomUUID } from 'node:crypto';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { eventLoop } from '../../sampling/fair-schedule.ts';
import type { Allow, AllowedOperation } from '../allowlist.ts';
import { OperationAudit, type AuditWorld, type StreamEnd } from '../audit.ts';
import type { ConnectionLog } from './connection-log.ts';
import type { Events, EventSink } from '../events.ts';
import type { WrittenFor } from '../sse/event-writes.ts';
import { HttpError } from '../http/http-error.ts';
import type { Identified } from '../auth/identity.ts';
import type { Outcome } from '../operation-outcome.ts';
import type { RunOperation } from '../operation-runner.ts';
import type { RequestContext } from '../request-context.ts';
import type { WebSocketLink } from './websocket-link.ts';
import {
  completeMessage,
  errorMessage,
  nextFrame,
  nextMessage,
  type OperationMessage,
} from './websocket-message.ts';

/** What an operation over a WebSocket needs. */
export interface WebSocketOperationParts {
  readonly identified: Identified;
  readonly log: ConnectionLog;
  readonly keeper: OperationKeeper;
  readonly world: OperationWorld;
}

/** What the operations of a connection share. */
export interface OperationWorld {
  readonly link: WebSocketLink;
  readonly admit: Allow;
  /** null where there is no audit trail. */
  readonly auditWorld: AuditWorld | null;
  readonly run: RunOperation;
}

/** Who is told what becomes of an operation. */
export interface OperationKeeper {
  /** It sends nothing any more: its id is free. */
  onOver(id: string): void;
  /** It is over, and nothing works for it any more. */
  onGone(): void;
  /** Its caller's identity has expired: its last event has said so. */
  onExpired(): void;
  /** A result could not be written. */
  onFailure(): void;
}

/** One operation. It is who asks as well, for as long as it runs. */
export class WebSocketOperation implements EventSink, WrittenFor, RequestContext {
  readonly transport = 'WebSocket';
  readonly takesEvents = true;
  operation: AllowedOperation | null = null;
  document: RequestContext['document'] = null;
  events: RequestContext['events'] = null;
  audit: OperationAudit | null = null;
  readonly caller: RequestContext['caller'];
  readonly by: RequestContext['by'];
  readonly expiresAt: number | null;
  readonly #id: string;
  readonly #log: ConnectionLog;
  readonly #keeper: OperationKeeper;
  readonly #world: OperationWorld;
  /** Of the world: one step less to it for each of thousands of events. */
  readonly #link: WebSocketLink;
  #requestId: string | null = null;
  #abort: AbortController | null = null;
  #isOver = false;
  /** Why no more events are wanted; null while they are. */
  #reason: StreamEnd | null = null;
  #isStarting = true;
  #events: Events | null = null;
  readonly onTaken = (problem?: Error | null): void => {
    this.#link.taken();
    if (problem == null) this.#events?.taken();
  };
  #name: string | undefined;
  #count = 0;

  /** `id` is the one that the client has chosen. */
  constructor(id: string, { identified, log, keeper, world }: WebSocketOperationParts) {
    this.#id = id;
    this.caller = identified.caller;
    this.by = identified.by;
    this.expiresAt = identified.expiresAt;
    this.#log = log;
    this.#keeper = keeper;
    this.#world = world;
    this.#link = world.link;
  }

  /** To be called once. Nothing of the message is kept. */
  start({ payload }: OperationMessage): void {
    this.#start(payload).catch((thrown: unknown) => this.#fail(thrown));
  }

  /** Made when it is asked for. */
  get requestId(): string {
    this.#requestId ??= randomUUID();
    return this.#requestId;
  }

  /** Aborted once nobody waits for it any more. Made when it is asked for. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isOver) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Nobody waits for it any more. */
  cancel(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#reason ??= end;
    this.#events?.release(this.#reason);
    this.#end();
    this.#abort?.abort();
  }

  /** Completes events at once; a single answer that is under way once it is there. */
  finish(): void {
    this.#reason ??= 'service';
    if (this.#events === null) return;
    this.#events.release(this.#reason);
    this.#complete();
  }

  /** The identity behind it has expired: events end at once, a single answer that is under way once it is there. */
  expire(): void {
    this.#events?.expire();
  }

  async #start(payload: OperationMessage['payload']): Promise<void> {
    const outcome = await this.#run(payload);
    this.#isStarting = false;
    if (this.#isOver) {
      if (outcome.kind === 'events') outcome.events.release(this.#reason ?? 'service');
      this.#keeper.onGone();
    } else {
      this.#send(outcome);
    }
  }

  async #run(payload: OperationMessage['payload']): Promise<Outcome> {
    if (!eventLoop.isFree()) await eventLoop.turn(this.caller.partitionId);
    // Nobody waits for it any more.
    if (this.#isOver) return { kind: 'result', result: {} };
    const { admit, run, auditWorld } = this.#world;
    try {
      this.operation = admit(payload);
    } catch (thrown) {
      if (!(thrown instanceof HttpError)) throw thrown;
      const error = new GraphQLError(thrown.message, { originalError: thrown });
      return { kind: 'result', result: { errors: [error] } };
    }
    if (auditWorld !== null) this.audit = new OperationAudit(this, auditWorld);
    return run(this);
  }

  onOperation(name: string): void {
    this.#name = name.slice(0, 100);
  }

  /** The connection is closed with the service, and its operations know of that from their first message on. */
  onStart(): void {}

  #send(outcome: Outcome): void {
    const link = this.#link;
    if (outcome.kind === 'events') {
      if (this.#reason === null) this.#follow(outcome.events);
      else {
        outcome.events.release(this.#reason);
        this.#complete();
      }
    } else if (!('data' in outcome.result) && outcome.result.errors !== undefined) {
      // Nothing ran. An error is the end, without a complete message (PROTOCOL.md, "Error").
      link.send(errorMessage(this.#id, outcome.result.errors));
      this.#end();
    } else {
      link.send(nextMessage(this.#id, outcome.result));
      this.#complete();
    }
  }

  #follow(events: Events): void {
    if (this.#log.isDebugged) this.#log.debug(this.#facts, 'stream opened');
    this.#events = events;
    events.pour(this);
  }

  deliver(event: ExecutionResult): boolean {
    this.#count += 1;
    return this.#link.sendFrame(nextFrame(this.#id, event), this);
  }

  untaken(): void {
    this.#link.untaken();
    this.#events?.untaken();
  }

  done(): void {
    this.#complete();
  }

  /** Without a complete message: the connection is closed instead, for what has expired is everybody's on it. */
  expired(): void {
    this.#end();
    this.#keeper.onExpired();
  }

  failed(thrown: unknown): void {
    this.#fail(thrown);
  }

  #complete(): void {
    if (this.#isOver) return;
    this.#link.send(completeMessage(this.#id));
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    if (this.#log.isDebugged) {
      if (this.#events === null) this.#log.debug(this.#facts, 'operation');
      else this.#log.debug({ ...this.#facts, events: this.#count }, 'stream closed');
    }
    this.#keeper.onOver(this.#id);
    if (!this.#isStarting) this.#keeper.onGone();
  }

  /** What the log says of it. */
  get #facts(): object {
    return { requestId: this.requestId, operation: this.#name };
  }

  #fail(thrown: unknown): void {
    this.#log.error({ requestId: this.requestId, err: thrown }, 'unexpected error');
    this.#keeper.onFailure();
  }
}
