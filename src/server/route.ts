/** Every path of the service, and who may come in by it. */
import { readAccept } from './accept.ts';
import type { AdmittedOperation } from './admission.ts';
import { ExchangeAsker } from './asker.ts';
import type { Call } from './call.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import type { EventStreams } from './event-streams.ts';
import { wantsGraphiql, type Graphiql } from './graphiql.ts';
import type { Exchange } from './exchange.ts';
import type { Endpoint } from './graphql-endpoint.ts';
import { checkHost, type HostRule } from './host.ts';
import { HttpProblem, sendJson } from './http-problem.ts';
import type { Identified } from './identity.ts';
import type { Outbox } from './outbox.ts';
import type { ReadOperation } from './operation-request.ts';
import { answerPreflight, checkOrigin, isPreflight, shareWithOrigin } from './origin.ts';
import type { NotReady } from './readiness.ts';
import type { Route } from './request-listener.ts';
import { sendAnswer } from './send-answer.ts';

/** What stands behind the paths. */
export interface Rooms {
  readonly identify: Doorkeeper;
  readonly endpoint: Endpoint;
  readonly outbox: Outbox;
  readonly eventStreams: EventStreams;
  readonly readOperation: ReadOperation;
  readonly isSubscription: (operation: AdmittedOperation) => boolean;
  /** null where no page is served. */
  readonly graphiql: Graphiql | null;
  readonly checkReady: () => Promise<NotReady>;
  /** The names that are answered to; null for any. */
  readonly hosts: HostRule | null;
  /** Origins of pages that may ask, beside the service's own. */
  readonly allowedOrigins: readonly string[];
}

/** The route behind a door: all requests that come in by it take it, but for upgrades. */
export function route(rooms: Rooms): Route {
  // Most requests name the host that the one before has named.
  let goodHost: string | null = null;
  return (exchange) => {
    const { request, path } = exchange;
    const { host } = request.headers;
    if (host !== goodHost) {
      checkHost(request, rooms.hosts);
      goodHost = host ?? null;
    }
    if (path === '/graphql') return answerGraphql(rooms, exchange);
    exchange.setUsualHeaders();
    return answerOther(rooms, exchange);
  };
}

async function answerOther(rooms: Rooms, exchange: Exchange): Promise<void> {
  const { path } = exchange;
  if (path === '/health') {
    answerHealth(exchange);
    return;
  }
  if (path === '/ready') return answerReady(rooms, exchange);
  if (rooms.graphiql !== null && path.startsWith(rooms.graphiql.assetFolder)) {
    checkMethod(exchange, ['GET', 'HEAD']);
    if (await rooms.graphiql.sendAsset(exchange)) return;
  }
  throw new HttpProblem('There is nothing at this path; GraphQL is at /graphql.', {
    status: 404,
    code: 'NOT_FOUND',
  });
}

function answerGraphql(rooms: Rooms, exchange: Exchange): Promise<void> | undefined {
  const { request, response } = exchange;
  // The page is for whoever follows a link to it; as it may hold tokens, no page elsewhere may read it.
  if (rooms.graphiql !== null && wantsGraphiql(request)) {
    exchange.setUsualHeaders();
    return rooms.graphiql.sendPage(response);
  }
  if (rooms.allowedOrigins.length > 0) {
    exchange.setUsualHeaders();
    shareWithOrigin(exchange, rooms.allowedOrigins);
  }
  if (isPreflight(request)) {
    exchange.setUsualHeaders();
    answerPreflight(exchange, rooms.allowedOrigins);
    return undefined;
  }
  const method = checkMethod(exchange, ['GET', 'POST']);
  checkOrigin(request, rooms.allowedOrigins);
  // Before anything of the operation is read: whoever has no identity makes no work.
  const identified = rooms.identify({
    authorization: request.headers.authorization ?? null,
    socket: request.socket,
  });
  if (!(identified instanceof Promise)) return answerCaller(rooms, { exchange, method, identified });
  return identified.then((later) => answerCaller(rooms, { exchange, method, identified: later }));
}

interface Identification {
  readonly exchange: Exchange;
  readonly method: 'GET' | 'POST';
  readonly identified: Identified;
}

async function answerCaller(rooms: Rooms, { exchange, method, identified }: Identification): Promise<void> {
  exchange.caller = identified.caller;
  const operation = await rooms.readOperation(exchange);
  const { events, mediaType } = readAccept(exchange.request.headers.accept);
  // Who takes both gets events only where there will be more than one.
  const takesEvents = events && (mediaType === null || rooms.isSubscription(operation));
  const call: Call = {
    way: takesEvents ? 'SSE' : method,
    method,
    operation,
    asker: new ExchangeAsker(exchange, identified),
    takesEvents,
    // Callers choose the name, at any length.
    onOperation: (name) => (exchange.facts['operation'] = name.slice(0, 100)),
  };
  if (takesEvents) return rooms.eventStreams.answer(exchange, call);
  if (mediaType === null) throw notAcceptable();
  rooms.outbox.beforeMore();
  const answer = rooms.endpoint({ call, mediaType });
  const { status, result } = answer instanceof Promise ? await answer : answer;
  sendAnswer(exchange, { status, result, mediaType }, rooms.outbox);
}

function notAcceptable(): HttpProblem {
  const message =
    'Answers are written as application/json or application/graphql-response+json, and the events of subscriptions as ' +
    'text/event-stream: the header Accept has none of them.';
  return new HttpProblem(message, { status: 406, code: 'NOT_ACCEPTABLE' });
}

function answerHealth(exchange: Exchange): void {
  checkMethod(exchange, ['GET', 'HEAD']);
  sendJson(exchange.response, { status: 200, body: { status: 'ok' } });
}

async function answerReady(rooms: Rooms, exchange: Exchange): Promise<void> {
  checkMethod(exchange, ['GET', 'HEAD']);
  const reason = await rooms.checkReady();
  if (reason === null) sendJson(exchange.response, { status: 200, body: { status: 'ok' } });
  else sendJson(exchange.response, { status: 503, body: { status: 'unavailable', reason } });
}

function checkMethod<Method extends string>({ request, path }: Exchange, allowed: readonly Method[]): Method {
  const method = allowed.find((candidate) => candidate === request.method);
  if (method !== undefined) return method;
  const list = allowed.join(', ');
  throw new HttpProblem(`${path} answers ${list} only.`, {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    headers: { allow: list },
  });
}
