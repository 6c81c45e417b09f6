/** One GraphQL operation by HTTP: its identity, what it asks, and its answer. */
import type { IncomingMessage } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { FetchAPI } from 'graphql-yoga';
import type { Caller } from '../../access/caller.ts';
import { eventLoop } from '../../sampling/fair-schedule.ts';
import { writtenDataOf } from '../../writer/written-data.ts';
import type { AllowedOperation } from '../allowlist.ts';
import { OperationAudit } from '../audit.ts';
import type { ListenerContext, ServerContext } from '../context.ts';
import { httpErrorOf, internalErrorCode } from '../error-mask.ts';
import type { EventStream } from '../sse/event-stream.ts';
import type { Exchange } from './exchange.ts';
import { HttpError } from './http-error.ts';
import type { Identified } from '../auth/identity.ts';
import { readAccept, type Accepted, type MediaType } from './media-type.ts';
import { dropEvents, outcomeOf, type Outcome, type PipelineResult } from '../operation-outcome.ts';
import { checkOrigin } from '../auth/origin.ts';
import type { RequestContext, Transport } from '../request-context.ts';
import { resultBytes } from '../result-bytes.ts';
import { flatDataHeaders } from './security-header.ts';

/** What a request is answered with. */
interface Answer {
  readonly outcome: Outcome;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is written whole although the client takes events: the request itself was no operation. */
  readonly isRefusal: boolean;
}

/** A request on its way through Yoga, or past it by the hot path. One object a request, since there are very many. */
export class HttpRequest implements RequestContext {
  readonly exchange: Exchange;
  readonly listener: ListenerContext;
  readonly server: ServerContext;
  readonly requestId: string;
  caller: Caller;
  by: Identified['by'];
  expiresAt: number | null = null;
  operation: AllowedOperation | null = null;
  document: RequestContext['document'] = null;
  events: RequestContext['events'] = null;
  audit: OperationAudit | null = null;
  takesEvents = false;
  #accepted: Accepted = anything;
  #isAuthenticated = false;
  #authentication: Promise<void> | null = null;
  #reading: Promise<AllowedOperation> | AllowedOperation | null = null;
  #answer: Answer | null = null;
  #response: Response | null = null;
  #eventStream: EventStream | null = null;

  constructor(exchange: Exchange, contexts: { listener: ListenerContext; server: ServerContext }) {
    this.exchange = exchange;
    this.listener = contexts.listener;
    this.server = contexts.server;
    this.requestId = exchange.requestId;
    this.caller = nobody;
    this.by = 'token';
  }

  get transport(): Transport {
    return this.takesEvents ? 'SSE' : this.exchange.request.method === 'GET' ? 'GET' : 'POST';
  }

  get signal(): AbortSignal {
    return this.exchange.signal;
  }

  /** In which a whole answer is written, also where the client names events only. */
  get mediaType(): MediaType {
    return this.#accepted.mediaType ?? 'application/json';
  }

  /**
   * Checks method, origin and credentials; a promise only while the credentials are being verified, and the same one for
   * all who ask. Throws, or rejects with, an HttpError or UNAUTHENTICATED.
   */
  authenticate(): Promise<void> | undefined {
    if (this.#isAuthenticated) return undefined;
    if (this.#authentication !== null) return this.#authentication;
    const { request } = this.exchange;
    checkMethod(request);
    checkOrigin(request, this.listener.allowedOrigins);
    const credentials = { authorization: request.headers.authorization ?? null, socket: request.socket };
    const identified = this.listener.identify(credentials);
    if (!(identified instanceof Promise)) {
      this.#identify(identified);
      return undefined;
    }
    this.#authentication = identified.then((late) => this.#identify(late));
    // Yoga may answer without it.
    this.#authentication.catch(() => undefined);
    return this.#authentication;
  }

  /**
   * Reads the operation and has it allowed, then decides how it will be answered. The same promise for all who ask.
   * Throws, or rejects with, an HttpError.
   */
  readOperation(): Promise<AllowedOperation> | AllowedOperation {
    if (this.#reading !== null) return this.#reading;
    this.#accepted = readAccept(this.exchange.request.headers.accept);
    const read = this.server.readOperation(this.exchange);
    this.#reading =
      read instanceof Promise ? read.then((late) => this.#takeInTurn(late)) : this.#takeInTurn(read);
    return this.#reading;
  }

  onOperation(name: string): void {
    // Callers choose the name, at any length.
    this.exchange.facts['operation'] = name.slice(0, 100);
  }

  onStart(): void {
    // A plugin that sees responses may still put another one in place, so nothing of this one may have left.
    if (this.takesEvents && !this.server.hasActivePlugins) this.#openEventStream();
  }

  /** Takes what came of the operation. The Response stands in for the answer, which `send` writes. */
  respond(result: PipelineResult, fetchAPI: Pick<FetchAPI, 'Response'>): Response {
    const answer = this.finish(result);
    const type = answer.isRefusal || !this.takesEvents ? this.mediaType : 'text/event-stream';
    this.#response = new fetchAPI.Response(null, {
      status: answer.status,
      headers: { 'content-type': type },
    });
    return this.#response;
  }

  /** Takes what came of the operation: masks and audits it, and decides on the status. */
  finish(result: PipelineResult): Answer {
    const refusal = refusalOf(result);
    const outcome = outcomeOf(result, this, this.server);
    const { status, headers } =
      refusal ?? (this.takesEvents ? success : { status: this.#statusOf(outcome), headers: none });
    this.#answer = { outcome, status, headers, isRefusal: refusal !== null };
    return this.#answer;
  }

  /** The result, where it is one without errors that was written whole: then the same request may be answered anew. */
  get isRepeatable(): boolean {
    const outcome = this.#answer?.outcome;
    return !this.takesEvents && outcome?.kind === 'result' && outcome.result.errors === undefined;
  }

  /** Whether a Response that Yoga gave is the one that stands for this request's own answer. */
  isOwn(response: Response): boolean {
    return response === this.#response;
  }

  /** Sends the answer. */
  send(): void {
    const answer = this.#answer;
    if (answer === null) throw new TypeError('There is no answer to send');
    this.#answer = null;
    const { outcome } = answer;
    if (answer.isRefusal) this.exchange.setUsualHeaders();
    if (outcome.kind === 'events' || (this.takesEvents && !answer.isRefusal)) {
      // A stream may last for long, and needs nothing of how it was started.
      this.#response = null;
      this.#reading = null;
      this.#authentication = null;
      const stream = this.#openEventStream();
      if (stream !== null) stream.send(outcome);
      else if (outcome.kind === 'events') outcome.events.release('client');
    } else this.#sendResult(outcome.result, answer);
  }

  /** Ends what was begun for an answer that another Response has taken the place of, or that never came about. */
  drop(): void {
    dropEvents(this, this.server.log);
    const outcome = this.#answer?.outcome;
    this.#answer = null;
    if (outcome?.kind === 'events') outcome.events.release('service');
    else if (outcome !== undefined) writtenDataOf(outcome.result)?.release();
  }

  #identify({ caller, by, expiresAt }: Identified): void {
    this.#isAuthenticated = true;
    this.caller = caller;
    this.by = by;
    this.expiresAt = expiresAt;
    this.exchange.caller = caller;
  }

  /** What follows, from parsing on, is begun when it is the caller's turn. */
  #takeInTurn(operation: AllowedOperation): Promise<AllowedOperation> | AllowedOperation {
    if (eventLoop.isFree()) return this.#take(operation);
    return eventLoop.turn(this.caller.partitionId).then(() => this.#take(operation));
  }

  #take(operation: AllowedOperation): AllowedOperation {
    this.operation = operation;
    const { auditWorld, documents } = this.server;
    const { events, mediaType } = this.#accepted;
    if (events) {
      // Who takes both gets events only where there will be more than one.
      const stored = mediaType === null ? null : documents.prepare(operation.query);
      const name = operation.parameters['operationName'];
      this.takesEvents = stored === null || (stored.document !== null && stored.isSubscription(name));
    } else if (mediaType === null) throw notAcceptable();
    if (auditWorld !== null) this.audit = new OperationAudit(this, auditWorld);
    return operation;
  }

  #openEventStream(): EventStream | null {
    if (this.#eventStream === null && !this.exchange.isGone) {
      this.#eventStream = this.listener.eventStreams.open(this.exchange);
    }
    return this.#eventStream;
  }

  #statusOf(outcome: Outcome): number {
    return outcome.kind === 'result' ? statusOf(outcome.result, this.mediaType) : 200;
  }

  /** At the end of the turn, head and body at once. The bytes are released when they, or the client, have gone. */
  #sendResult(result: ExecutionResult, answer: Answer): void {
    const { exchange, server } = this;
    const written = writtenDataOf(result);
    if (exchange.isGone) {
      written?.release();
      return;
    }
    exchange.written = written;
    const bytes = resultBytes(result);
    server.outbox.put({ send: () => this.#write(bytes, answer), sizeInBytes: bytes.length });
  }

  #write(bytes: Buffer, { status, headers: more }: Answer): void {
    const { exchange } = this;
    // Its bytes were released with the client.
    if (exchange.isGone) return;
    const { response, requestId, request } = exchange;
    const headers = [
      'content-type',
      contentTypes[this.mediaType],
      'content-length',
      String(bytes.length),
      'cache-control',
      'no-store',
    ];
    for (const name in more) headers.push(name, more[name] ?? '');
    if (!exchange.hasUsualHeaders) headers.push('x-request-id', requestId, ...flatDataHeaders(request));
    response.writeHead(status, headers);
    response.end(bytes);
  }
}

/** The HTTP request behind a context of Yoga. */
export function httpRequestOf(context: unknown): HttpRequest {
  const { hvql } = context as { readonly hvql?: unknown };
  if (hvql instanceof HttpRequest) return hvql;
  throw new TypeError('A request came to Yoga without its context');
}

/** Before authentication; it has no rights. */
const nobody: Caller = { partitionId: 0n, privileges: new Set() };
const anything = readAccept(undefined);
const none: Readonly<Record<string, string>> = {};
const success = { status: 200, headers: none };

const contentTypes = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
} as const satisfies Record<MediaType, string>;

/** Errors whose status is the same in every media type, by their codes. */
const statuses: Readonly<Record<string, number>> = {
  OPERATION_RESOLUTION_FAILURE: 400,
  NOT_ACCEPTABLE: 406,
  [internalErrorCode]: 500,
};

/**
 * The status of a result whose errors are masked, by the media type that it is written in (GraphQL over HTTP, 6.4).
 * With data, also null, it ran: 200. Without, GraphQL's own media type says 400; plain JSON says 200, because its
 * clients take any other status for a failure of what stands in between.
 */
function statusOf(result: ExecutionResult, mediaType: MediaType): number {
  const { errors } = result;
  if (errors === undefined || 'data' in result) return 200;
  const least = mediaType === 'application/json' ? 200 : 400;
  return errors.reduce((status, { extensions: { code } }) => {
    const own = typeof code === 'string' && Object.hasOwn(statuses, code) ? statuses[code] : undefined;
    return Math.max(status, own ?? least);
  }, least);
}

/**
 * Status and headers for a request that is no operation: what this service or Yoga refused before it was parsed. null
 * for a result. Its answer is whole and has this status whatever the client takes.
 */
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

const methods = ['GET', 'POST'];

function checkMethod({ method = '' }: IncomingMessage): void {
  if (methods.includes(method)) return;
  const list = methods.join(', ');
  throw new HttpError('METHOD_NOT_ALLOWED', `/graphql answers ${list} only.`, { headers: { allow: list } });
}

function notAcceptable(): HttpError {
  const message =
    'Answers are written as application/json or application/graphql-response+json, and the events of subscriptions as ' +
    'text/event-stream: the header Accept has none of them.';
  return new HttpError('NOT_ACCEPTABLE', message);
}
