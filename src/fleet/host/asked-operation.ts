/** One operation that a gateway has requested from this host, from the request to the last response. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { HvqlError } from '../../errors.ts';
import type { ValueBudget } from '../../limits/value-budget.ts';
import { eventLoop } from '../../sampling/schedule/fair-schedule.ts';
import type { AllowedOperation } from '../../server/allowlist.ts';
import type { StreamEnd } from '../../server/audit.ts';
import type { Identified } from '../../server/auth/identity.ts';
import type { RequestContext, ServerContext } from '../../server/context.ts';
import type { Events, EventSink } from '../../server/events.ts';
import type { HeartbeatListener } from '../../server/heartbeat.ts';
import { HttpError } from '../../server/http/http-error.ts';
import { readOperationBody } from '../../server/operation-reader.ts';
import type { Outcome } from '../../server/operation-outcome.ts';
import { resultBytes } from '../../server/result-bytes.ts';
import { runOperation } from '../../server/yoga.ts';
import { endHeader, eventHeader, waitHeader, type StreamEndKind } from '../message.ts';

/** Sends the responses of one operation. */
export interface ReplyChannel {
  /** Publishes a response, in several messages if it is too long for one. */
  publish(bytes: Uint8Array, header?: readonly [name: string, value: string]): void;
  /** Resolves once NATS has received everything that was published before; rejects if the connection is lost. */
  flush(): Promise<void>;
}

/** The dependencies of an operation. */
export interface AskedOptions {
  readonly server: ServerContext;
  readonly identified: Identified;
  readonly requestId: string;
  /** Whether other hosts get the same request, so that it does not wait for objects that have just appeared on this one. */
  readonly isTogether: boolean;
  readonly channel: ReplyChannel;
  /** Called once, when the operation has ended and its cleanup is done. */
  readonly onGone: () => void;
}

/**
 * Runs through the same pipeline as every other transport. A query has one response. A subscription has events until its
 * lease expires: the lease is the delegated token, which the gateway renews, so a stream to a stopped gateway ends by itself.
 */
export class AskedOperation implements EventSink, RequestContext, HeartbeatListener {
  readonly transport = 'NATS';
  /** Only the gateway knows the address of the client. */
  readonly address = null;
  readonly startedAt = performance.now();
  readonly takesEvents = true;
  operation: AllowedOperation | null = null;
  document: RequestContext['document'] = null;
  events: RequestContext['events'] = null;
  operationName: string | null = null;
  readonly server: ServerContext;
  readonly caller: RequestContext['caller'];
  readonly by: RequestContext['by'];
  credential: RequestContext['credential'];
  readonly requestId: string;
  readonly waitsForNew: boolean;
  readonly #channel: ReplyChannel;
  readonly #onGone: () => void;
  readonly #abort = new AbortController();
  #expiresAt: number | null;
  #stream: Events | null = null;
  #count = 0;
  #isOver = false;

  constructor({ server, identified, requestId, isTogether, channel, onGone }: AskedOptions) {
    this.server = server;
    this.caller = identified.caller;
    this.by = identified.by;
    this.credential = identified.credential;
    this.#expiresAt = identified.expiresAt;
    this.requestId = requestId;
    this.waitsForNew = !isTogether;
    this.#channel = channel;
    this.#onGone = onGone;
  }

  get budget(): ValueBudget {
    return this.server.budgets.of(this);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether it is a subscription. */
  get isStream(): boolean {
    return this.#stream !== null;
  }

  /** When the lease expires. */
  get expiresAt(): number | null {
    return this.#expiresAt;
  }

  /** Runs the operation in this body; called once. */
  start(body: Uint8Array): void {
    this.#run(body)
      .then((outcome) => this.#onOutcome(outcome))
      .catch((thrown: unknown) => this.failed(thrown));
  }

  /**
   * Extends the lease to that of a later token with the same rights, which may be signed with another key. Ignores a token
   * with other rights.
   */
  renew({ caller, expiresAt, credential }: Identified): void {
    const { partitionId, privileges } = this.caller;
    const isSame =
      caller.partitionId === partitionId &&
      caller.privileges.size === privileges.size &&
      [...caller.privileges].every((each) => privileges.has(each));
    if (!isSame || expiresAt === null || this.#expiresAt === null || expiresAt < this.#expiresAt) return;
    this.#expiresAt = expiresAt;
    this.credential = credential;
  }

  /** Ends the operation if its credential has been revoked. A pending result is not sent. */
  checkCredential(): void {
    const message = this.credential.problem();
    if (message === null || this.#isOver) return;
    if (this.#stream !== null) {
      this.#stream.endIdentity({ message, end: 'revoked' });
      return;
    }
    this.#channel.publish(resultBytes(refusal(new HvqlError('UNAUTHENTICATED', `${message}.`))));
    this.#end(null);
    this.#abort.abort();
  }

  /** Ends the operation: the gateway has cancelled it, or the service stops. */
  cancel(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#stream?.release(end);
    this.#end(end === 'service' && this.#stream !== null ? 'service' : null);
    this.#abort.abort();
  }

  async #run(body: Uint8Array): Promise<Outcome> {
    if (!eventLoop.isFree()) await eventLoop.turn(this.caller.partitionId);
    if (this.#isOver) return { kind: 'result', result: {} };
    try {
      this.server.budgets.check(this);
      this.operation = this.server.allow(readOperationBody(body));
    } catch (thrown) {
      if (!(thrown instanceof HttpError)) throw thrown;
      return { kind: 'result', result: refusal(thrown) };
    }
    return runOperation(this);
  }

  onStart(): void {}

  /** A gateway gives up a host that does not respond within its deadline. */
  onSecondReading(milliseconds: number): void {
    if (!this.#isOver) this.#channel.publish(new Uint8Array(), [waitHeader, String(milliseconds)]);
  }

  #onOutcome(outcome: Outcome): void {
    if (this.#isOver) {
      if (outcome.kind === 'events') outcome.events.release('client');
      return;
    }
    if (outcome.kind === 'result') {
      this.#channel.publish(resultBytes(outcome.result));
      this.#end(null);
      return;
    }
    this.#stream = outcome.events;
    this.server.heartbeat.add(this);
    outcome.events.pipe(this);
  }

  onHeartbeat(): void {
    this.#stream?.checkExpiry();
  }

  /** The next event is created once NATS has received this one: a slow connection gets the newest event, and no backlog. */
  deliver(event: ExecutionResult): boolean {
    this.#count += 1;
    this.#channel.publish(resultBytes(event), [eventHeader, String(this.#count)]);
    this.#channel.flush().then(
      () => this.#stream?.drained(),
      // The connection is lost; the lease ends the stream unless it is renewed.
      () => this.#stream?.drained(),
    );
    return false;
  }

  done(): void {
    this.#end('complete');
  }

  identityEnded(): void {
    this.#end('expired');
  }

  failed(thrown: unknown): void {
    this.server.log.error({ requestId: this.requestId, err: thrown }, 'unexpected error');
    if (!this.#isOver) this.#channel.publish(resultBytes(unexpected(this.requestId)));
    this.#end(this.#stream === null ? null : 'service');
  }

  #end(kind: StreamEndKind | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream = null;
    this.server.heartbeat.delete(this);
    if (kind !== null) this.#channel.publish(new Uint8Array(), [endHeader, kind]);
    this.#onGone();
  }
}

/** The result of a request that is rejected before its operation runs. */
export function refusal(problem: HvqlError | HttpError): ExecutionResult {
  return { errors: [new GraphQLError(problem.message, { originalError: problem })] };
}

/** The result for an unexpected error. The error itself is only in the log, with the id in this result. */
export function unexpected(requestId: string): ExecutionResult {
  const extensions = { code: 'INTERNAL_SERVER_ERROR', requestId };
  return { errors: [new GraphQLError('Unexpected error', { extensions })] };
}
