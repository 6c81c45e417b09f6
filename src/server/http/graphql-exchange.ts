/** One GraphQL operation over HTTP: its caller, its parameters, and its response. */
import type { ExecutionResult } from 'graphql';
import type { FetchAPI } from 'graphql-yoga';
import { httpStatusOf } from '../../errors.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { eventLoop } from '../../sampling/schedule/fair-schedule.ts';
import { writtenDataOf } from '../../writer/written-data.ts';
import type { AllowedOperation } from '../allowlist.ts';
import { stillGood, type Identified } from '../auth/identity.ts';
import { checkOrigin } from '../auth/origin.ts';
import type { RequestContext } from '../context.ts';
import { httpErrorOf } from '../error-mask.ts';
import { dropEvents, outcomeOf, type Outcome, type PipelineResult } from '../operation-outcome.ts';
import { resultBytes } from '../result-bytes.ts';
import { EventStream } from '../sse/event-stream.ts';
import { readAccept, type MediaType } from './header.ts';
import { checkMethod, HttpError, retryHeaders } from './http-error.ts';
import { HttpExchange } from './http-exchange.ts';

interface Answer {
  readonly outcome: Outcome;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The request has no valid operation: the response is not a stream, even if the client accepts events. */
  readonly isRefusal: boolean;
}

/** The path of the metrics. */
export const metricsPath = '/metrics';
const graphqlMethods = { subject: '/graphql', allowed: ['GET', 'POST'] };

/** A request through Yoga or the hot path. */
export class GraphqlExchange extends HttpExchange implements RequestContext {
  operation: AllowedOperation | null = null;
  document: RequestContext['document'] = null;
  events: RequestContext['events'] = null;
  takesEvents = false;
  takenAt: number | null = null;
  #accepted = acceptsAnything;
  #isAuthenticated = false;
  #authentication: Promise<void> | null = null;
  #reading: MaybePromise<AllowedOperation> | null = null;
  #answer: Answer | null = null;
  #response: Response | null = null;
  #eventStream: EventStream | null = null;

  get transport(): RequestContext['transport'] {
    if (this.path === metricsPath) return 'metrics';
    return this.takesEvents ? 'SSE' : this.request.method === 'GET' ? 'GET' : 'POST';
  }

  /** The media type of a response that is not a stream, even if the client accepts only events. */
  get mediaType(): MediaType {
    return this.#accepted.mediaType ?? 'application/json';
  }

  /**
   * Checks method, origin and credentials; returns a promise, always the same, while the credentials are verified.
   * Throws, or rejects with, an HttpError or UNAUTHENTICATED.
   */
  authenticate(methods = graphqlMethods): Promise<void> | undefined {
    if (this.#isAuthenticated) return undefined;
    if (this.#authentication !== null) return this.#authentication;
    const { request, listener } = this;
    checkMethod(request, methods);
    checkOrigin(request, listener.allowedOrigins);
    const credentials = { authorization: request.headers.authorization ?? null, socket: request.socket };
    const identified = listener.authenticate(credentials);
    if (!(identified instanceof Promise)) {
      this.#setIdentity(identified);
      return undefined;
    }
    // If it is refused, the client may have disconnected by then.
    void this.address;
    this.#authentication = identified.then((late) => this.#setIdentity(stillGood(late)));
    // Yoga may respond without calling it.
    this.#authentication.catch(() => undefined);
    return this.#authentication;
  }

  /** Reads the operation, checks the allowlist, and chooses the kind of response. Throws, or rejects with, an HttpError. */
  readOperation(): MaybePromise<AllowedOperation> {
    if (this.#reading !== null) return this.#reading;
    this.#accepted = readAccept(this.request.headers.accept);
    this.#reading = this.server.readOperation(this, (read) => this.#takeInTurn(read));
    return this.#reading;
  }

  onStart({ isSubscription }: { readonly isSubscription: boolean }): void {
    // An active plugin may still replace the response.
    if (this.takesEvents && !this.server.hasActivePlugins) this.#openEventStream(isSubscription);
  }

  /** Stores the result. The returned Response is a placeholder for the one that `send` writes. */
  respond(result: PipelineResult, fetchAPI: Pick<FetchAPI, 'Response'>): Response {
    const answer = this.finish(result);
    const isWhole = answer.isRefusal || !this.takesEvents;
    const headers = { 'content-type': isWhole ? this.mediaType : 'text/event-stream' };
    this.#response = new fetchAPI.Response(null, { status: answer.status, headers });
    return this.#response;
  }

  /** Stores the result: masks and audits it, and determines the status. */
  finish(result: PipelineResult): Answer {
    const refusal = refusalOf(result);
    const outcome = outcomeOf(result, this);
    const { status, headers } = refusal ?? (this.takesEvents ? success : headOf(outcome, this.mediaType));
    this.#answer = { outcome, status, headers, isRefusal: refusal !== null };
    return this.#answer;
  }

  /** Whether it has a complete result without errors: then the hot path may answer repeated requests. */
  get isRepeatable(): boolean {
    const outcome = this.#answer?.outcome;
    return !this.takesEvents && outcome?.kind === 'result' && outcome.result.errors === undefined;
  }

  /** Whether a Response is the one of `respond`, and not Yoga's or a plugin's. */
  isOwn(response: Response): boolean {
    return response === this.#response;
  }

  send(): void {
    const answer = this.#answer;
    if (answer === null) throw new TypeError('There is no answer to send');
    this.#answer = null;
    const { outcome } = answer;
    if (answer.isRefusal) this.setUsualHeaders();
    if (outcome.kind === 'events' || (this.takesEvents && !answer.isRefusal)) {
      // A long-lived stream does not need the state of its request.
      this.#response = null;
      this.#reading = null;
      this.#authentication = null;
      const stream = this.#openEventStream(outcome.kind === 'events');
      if (stream !== null) stream.send(outcome);
      else if (outcome.kind === 'events') outcome.events.release('client');
    } else this.#sendResult(outcome.result, answer);
  }

  /** Releases a result that is not sent, because another Response has replaced it or there was none. */
  drop(): void {
    dropEvents(this);
    const outcome = this.#answer?.outcome;
    this.#answer = null;
    if (outcome?.kind === 'events') outcome.events.release('service');
    else if (outcome !== undefined) writtenDataOf(outcome.result)?.release();
  }

  #setIdentity({ caller, by, expiresAt, credential }: Identified): void {
    this.#isAuthenticated = true;
    this.caller = caller;
    this.by = by;
    this.expiresAt = expiresAt;
    this.credential = credential;
  }

  /** Waits for the caller's turn before parsing the operation. */
  #takeInTurn(operation: AllowedOperation): MaybePromise<AllowedOperation> {
    // The clock is read once for everything below: a reading takes some 50 ns of the some 25 µs of a request.
    const now = performance.now();
    if (eventLoop.isFree(now)) return this.#take(operation, now);
    return eventLoop.turn(this.caller.partitionId).then(() => this.#take(operation, performance.now()));
  }

  #take(operation: AllowedOperation, now: number): AllowedOperation {
    this.takenAt = now;
    this.server.budgets.check(this);
    this.operation = operation;
    const { events, onlyEvents, mediaType } = this.#accepted;
    this.takesEvents = onlyEvents || (events && this.#isSubscription(operation));
    if (!this.takesEvents && mediaType === null) {
      throw new HttpError(
        'NOT_ACCEPTABLE',
        'Responses are application/json or application/graphql-response+json, and events of subscriptions are ' +
          'text/event-stream; the Accept header allows none of them.',
      );
    }
    return operation;
  }

  #isSubscription({ query, parameters }: AllowedOperation): boolean {
    const stored = this.server.documents.prepare(query);
    return stored.document !== null && stored.isSubscription(parameters['operationName']);
  }

  #openEventStream(isSubscription: boolean): EventStream | null {
    if (!this.isGone) this.#eventStream ??= new EventStream(this, { isSubscription });
    return this.#eventStream;
  }

  /** Sends head and body in one write, together with other responses of this turn, and then releases the bytes. */
  #sendResult(result: ExecutionResult, answer: Answer): void {
    const written = writtenDataOf(result);
    if (this.isGone) {
      written?.release();
      return;
    }
    this.written = written;
    const bytes = resultBytes(result);
    this.server.writeBatcher.put({ send: () => this.#write(bytes, answer), sizeInBytes: bytes.length });
  }

  #write(bytes: Buffer, { status, headers: more }: Answer): void {
    // Its bytes have been released.
    if (this.isGone) return;
    const [type, length] = [contentTypes[this.mediaType], String(bytes.length)];
    const headers = ['content-type', type, 'content-length', length, 'cache-control', 'no-store'];
    for (const name in more) headers.push(name, more[name] ?? '');
    this.writeHead(status, headers);
    this.response.end(bytes);
  }
}

/** The HTTP request behind a context of Yoga. */
export function graphqlExchangeOf(context: unknown): GraphqlExchange {
  const { hvql } = context as { readonly hvql?: unknown };
  if (hvql instanceof GraphqlExchange) return hvql;
  throw new TypeError('A request came to Yoga without its context');
}

const acceptsAnything = readAccept(undefined);
const none: Readonly<Record<string, string>> = {};
const success = { status: 200, headers: none };

const contentTypes = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
} as const satisfies Record<MediaType, string>;

/** Error codes that have the same status for every media type. */
const statuses = new Map<unknown, number>(
  (
    [
      'OPERATION_RESOLUTION_FAILURE',
      'NOT_ACCEPTABLE',
      'BUDGET_EXCEEDED',
      'OVERLOADED',
      'INTERNAL_SERVER_ERROR',
    ] as const
  ).map((code) => [code, httpStatusOf(code)]),
);

/** Status and headers of a masked result. */
function headOf(outcome: Outcome, mediaType: MediaType): Pick<Answer, 'status' | 'headers'> {
  if (outcome.kind === 'events' || outcome.result.errors === undefined) return success;
  const status = statusOf(outcome, mediaType);
  const [first] = outcome.result.errors;
  return { status, headers: status > 400 ? retryHeaders(first?.extensions) : none };
}

/**
 * The status of a masked result (GraphQL over HTTP, 6.4). With `data`, even null, it is 200. Without, it is 400 for
 * GraphQL's own media type, but 200 for plain JSON, whose clients attribute other statuses to intermediaries.
 */
function statusOf(outcome: Outcome, mediaType: MediaType): number {
  if (outcome.kind === 'events') return 200;
  const { errors } = outcome.result;
  if (errors === undefined || 'data' in outcome.result) return 200;
  const least = mediaType === 'application/json' ? 200 : 400;
  return Math.max(least, ...errors.map(({ extensions: { code } }) => statuses.get(code) ?? least));
}

/** Status and headers of a request that the service or Yoga has refused before parsing; null for a result. */
function refusalOf(result: PipelineResult): Pick<Answer, 'status' | 'headers'> | null {
  const [first] = (result as ExecutionResult | undefined)?.errors ?? [];
  if (first === undefined) return null;
  const problem = httpErrorOf(first);
  if (problem !== null) return problem;
  const { code, http = null } = first.extensions;
  if (code !== 'BAD_REQUEST' || http === null) return null;
  const { status = 400, headers = none } = http as { status?: number; headers?: Record<string, string> };
  return { status, headers };
}
