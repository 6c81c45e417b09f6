/** Every path of the service, and who may come in by it. */
import { readAccept } from './accept.ts';
import type { Admit, AdmittedOperation } from './admission.ts';
import type { Call } from './call.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import type { EventStreams } from './event-streams.ts';
import { wantsGraphiql, type Graphiql } from './graphiql.ts';
import type { Endpoint } from './graphql-endpoint.ts';
import { checkHost, type HostRule } from './host.ts';
import { HttpProblem, sendJson } from './http-problem.ts';
import { readOperationRequest } from './operation-request.ts';
import { answerPreflight, checkOrigin, isPreflight, shareWithOrigin } from './origin.ts';
import type { NotReady } from './readiness.ts';
import type { Exchange, Route } from './request-listener.ts';
import { sendResponse } from './send-response.ts';

/** What stands behind the paths. */
export interface Rooms {
  readonly identify: Doorkeeper;
  readonly endpoint: Endpoint;
  readonly eventStreams: EventStreams;
  readonly admit: Admit;
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
  return async (exchange) => {
    const { request, path } = exchange;
    checkHost(request, rooms.hosts);
    if (path === '/graphql') return answerGraphql(rooms, exchange);
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
  };
}

async function answerGraphql(rooms: Rooms, exchange: Exchange): Promise<void> {
  const { request, response, query, requestId, signal, facts } = exchange;
  // The page is for whoever follows a link to it; as it may hold tokens, no page elsewhere may read it.
  if (rooms.graphiql !== null && wantsGraphiql(request)) return rooms.graphiql.sendPage(response);
  shareWithOrigin(exchange, rooms.allowedOrigins);
  if (isPreflight(request)) {
    answerPreflight(exchange, rooms.allowedOrigins);
    return;
  }
  const method = checkMethod(exchange, ['GET', 'POST']);
  checkOrigin(request, rooms.allowedOrigins);
  // Before anything of the operation is read: whoever has no identity makes no work.
  const identified = await rooms.identify({
    authorization: request.headers.authorization ?? null,
    socket: request.socket,
  });
  facts['partition'] = identified.caller.partitionId.toString();
  const operation = rooms.admit(await readOperationRequest(request, query));
  const accept = request.headers.accept ?? '*/*';
  const accepted = readAccept(accept);
  // Who takes both gets events only where there will be more than one.
  const takesEvents = accepted.events && (!accepted.json || rooms.isSubscription(operation));
  const call: Call = {
    way: takesEvents ? 'SSE' : method,
    method,
    operation,
    asker: { ...identified, signal, requestId },
    takesEvents,
    // Callers choose the name, at any length.
    onOperation: (name) => (facts['operation'] = name.slice(0, 100)),
  };
  if (takesEvents) return rooms.eventStreams.answer(exchange, call);
  await sendResponse(response, await rooms.endpoint({ ...call, accept }));
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
