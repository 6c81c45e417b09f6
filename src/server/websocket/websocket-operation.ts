/** One operation over a WebSocket, from its subscribe message to its end. */
import { randomUUID } from 'node:crypto';
import { GraphQLError, type ExecutionResult } from 'graphql';
import type { ValueBudget } from '../../limits/value-budget.ts';
import { eventLoop } from '../../sampling/schedule/fair-schedule.ts';
import type { AllowedOperation } from '../allowlist.ts';
import type { OperationRequest } from '../named-document.ts';
import { auditRefusals, type StreamEnd } from '../audit.ts';
import type { Identified } from '../auth/identity.ts';
import type { IdentityEnd, ListenerEnd, RequestContext, ServerContext } from '../context.ts';
import type { Events, EventSink } from '../events.ts';
import { HttpError } from '../http/http-error.ts';
import type { Outcome } from '../operation-outcome.ts';
import type { WriteListener } from '../sse/write-coalescer.ts';
import { runOperation } from '../yoga.ts';
import type { WebSocketLink } from './websocket-link.ts';
import { completeMessage, errorMessage, nextFrame, nextMessage } from './websocket-message.ts';

/** The connection of an operation. */
export interface OperationListener {
  readonly link: WebSocketLink;
  readonly server: ServerContext;
  readonly address: string | null;
  /** The operation sends nothing more: its id is free. */
  onOver(id: string): void;
  /** The operation is over, and nothing works for it any more. */
  onGone(): void;
  /** The identity no longer holds. */
  endIdentity(reason: IdentityEnd): void;
  /** A defect of the service. */
  fail(thrown: unknown, facts: object): void;
  readonly isDebugged: boolean;
  debug(facts: object, message: string): void;
}

/** One operation, and its own request context for as long as it runs. */
export class WebSocketOperation implements EventSink, WriteListener, RequestContext {
  readonly transport = 'WebSocket';
  readonly takesEvents = true;
  readonly startedAt = performance.now();
  operation: AllowedOperation | null = null;
  document: RequestContext['document'] = null;
  events: RequestContext['events'] = null;
  operationName: string | null = null;
  readonly server: ServerContext;
  readonly caller: RequestContext['caller'];
  readonly by: RequestContext['by'];
  readonly expiresAt: number | null;
  readonly credential: RequestContext['credential'];
  readonly #id: string;
  readonly #listener: OperationListener;
  /** The connection's: one step less for each of thousands of events. */
  readonly #link: WebSocketLink;
  #requestId: string | null = null;
  #abort: AbortController | null = null;
  #isOver = false;
  /** Why no more events are wanted; null while they are. */
  #reason: StreamEnd | null = null;
  #mayResume = false;
  #isStarting = true;
  #events: Events | null = null;
  readonly onDrained = (problem?: Error | null): void => {
    this.#link.drained();
    if (problem == null) this.#events?.drained();
  };
  #count = 0;

  /** `id` is the one that the client has chosen. */
  constructor(
    id: string,
    { identified, listener }: { readonly identified: Identified; readonly listener: OperationListener },
  ) {
    this.#id = id;
    this.caller = identified.caller;
    this.by = identified.by;
    this.expiresAt = identified.expiresAt;
    this.credential = identified.credential;
    this.server = listener.server;
    this.#listener = listener;
    this.#link = listener.link;
  }

  /** Runs the operation; called once. The parameters are not kept: a stream may go on for long. */
  start(parameters: OperationRequest): void {
    this.#run(parameters)
      .then((outcome) => this.#onOutcome(outcome))
      .catch((thrown: unknown) => this.failed(thrown));
  }

  get requestId(): string {
    this.#requestId ??= randomUUID();
    return this.#requestId;
  }

  get budget(): ValueBudget {
    return this.server.budgets.of(this);
  }

  get address(): string | null {
    return this.#listener.address;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isOver) this.#abort.abort();
    return this.#abort.signal;
  }

  /** The client no longer waits for it. */
  cancel(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#reason ??= end;
    this.#events?.release(this.#reason);
    this.#end();
    this.#abort?.abort();
  }

  /** Ends a stream at once, and a single result that is under way once it is there. */
  finish({ mayResume }: ListenerEnd): void {
    this.#reason ??= 'service';
    this.#mayResume = mayResume;
    if (this.#events !== null) this.#release(this.#events, this.#reason);
  }

  /** The identity no longer holds: a stream ends at once, a single result that is under way once it is there. */
  endIdentity(reason: IdentityEnd): void {
    this.#events?.endIdentity(reason);
  }

  async #run(parameters: OperationRequest): Promise<Outcome> {
    if (!eventLoop.isFree()) await eventLoop.turn(this.caller.partitionId);
    if (this.#isOver) return { kind: 'result', result: {} };
    try {
      this.server.budgets.check(this);
      this.operation = this.server.allow(parameters);
    } catch (thrown) {
      if (!(thrown instanceof HttpError)) throw thrown;
      auditRefusals(this, [thrown]);
      const error = new GraphQLError(thrown.message, { originalError: thrown });
      return { kind: 'result', result: { errors: [error] } };
    }
    return runOperation(this);
  }

  /** The connection is kept alive by itself, and its end reaches an operation from the subscribe message on. */
  onStart(): void {}

  #onOutcome(outcome: Outcome): void {
    this.#isStarting = false;
    if (this.#isOver) this.#listener.onGone();
    if (outcome.kind === 'events') this.#follow(outcome.events);
    else if (!this.#isOver) this.#sendResult(outcome.result);
  }

  #sendResult(result: ExecutionResult): void {
    if ('data' in result || result.errors === undefined) {
      this.#link.send(nextMessage(this.#id, result));
      this.#complete();
    } else {
      // Nothing ran. An error is the end, without a complete message (PROTOCOL.md, "Error").
      this.#link.send(errorMessage(this.#id, result.errors));
      this.#end();
    }
  }

  #follow(events: Events): void {
    if (this.#reason !== null) {
      this.#release(events, this.#reason);
      return;
    }
    if (this.#listener.isDebugged) this.#listener.debug(this.#facts, 'stream opened');
    this.#events = events;
    events.pipe(this);
  }

  deliver(event: ExecutionResult): boolean {
    this.#count += 1;
    return this.#link.sendFrame(nextFrame(this.#id, event), this);
  }

  onBlocked(): void {
    this.#link.blocked();
    this.#events?.blocked();
  }

  done(): void {
    this.#complete();
  }

  /** Without a complete message: the connection is closed instead, because this ends all of its operations. */
  identityEnded(reason: IdentityEnd): void {
    this.#end();
    this.#listener.endIdentity(reason);
  }

  failed(thrown: unknown): void {
    this.#listener.fail(thrown, { requestId: this.requestId });
  }

  /** Without a complete message where the client may resume: the close frame is the answer then. */
  #release(events: Events, reason: StreamEnd): void {
    events.release(reason);
    if (!this.#mayResume) this.#complete();
    else if (!this.#isOver) this.#end();
  }

  #complete(): void {
    if (this.#isOver) return;
    this.#link.send(completeMessage(this.#id));
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    if (this.#listener.isDebugged) {
      const stream = this.#events === null ? {} : { events: this.#count };
      this.#listener.debug(
        { ...this.#facts, ...stream },
        this.#events === null ? 'operation' : 'stream closed',
      );
    }
    this.#listener.onOver(this.#id);
    if (!this.#isStarting) this.#listener.onGone();
  }

  /** What the log says of it. */
  get #facts(): object {
    return { requestId: this.requestId, operation: this.operationName?.slice(0, 100) };
  }
}
