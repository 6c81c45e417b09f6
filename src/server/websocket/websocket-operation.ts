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
  /** Called when the operation sends nothing more, so that its id can be reused. */
  onOver(id: string): void;
  /** Called when the operation has ended and released its resources. */
  onGone(): void;
  /** Called when the credentials are no longer valid. */
  endIdentity(reason: IdentityEnd): void;
  /** Called for a bug in the service. */
  fail(thrown: unknown, facts: object): void;
  readonly isDebugged: boolean;
  debug(facts: object, message: string): void;
}

/** One operation and its request context. */
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
  /** The connection's link, copied to save an indirection for each of thousands of events. */
  readonly #link: WebSocketLink;
  #requestId: string | null = null;
  #abort: AbortController | null = null;
  #isOver = false;
  /** Why no more events are requested; null while they are. */
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

  /** Runs the operation; called once. The parameters are not kept, because a stream may be long-lived. */
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

  /** Called when the client has cancelled it. */
  cancel(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#reason ??= end;
    this.#events?.release(this.#reason);
    this.#end();
    this.#abort?.abort();
  }

  /** Ends a stream at once, and a pending single result when it has been sent. */
  finish({ mayResume }: ListenerEnd): void {
    this.#reason ??= 'service';
    this.#mayResume = mayResume;
    if (this.#events !== null) this.#release(this.#events, this.#reason);
  }

  /** Called when the credentials are no longer valid: a stream ends at once, a pending single result when it has been sent. */
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

  /** Nothing to do: the connection has its own pings, and its end reaches operations from the subscribe message on. */
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
      // Nothing was executed. An `error` message ends the operation, without `complete` (PROTOCOL.md, "Error").
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

  /** Ends without `complete`: the connection is closed instead, which ends all of its operations. */
  identityEnded(reason: IdentityEnd): void {
    this.#end();
    this.#listener.endIdentity(reason);
  }

  failed(thrown: unknown): void {
    this.#listener.fail(thrown, { requestId: this.requestId });
  }

  /** Ends without `complete` if the client may resume: then the close frame ends the operation. */
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

  /** The fields for the log. */
  get #facts(): object {
    return { requestId: this.requestId, operation: this.operationName?.slice(0, 100) };
  }
}
