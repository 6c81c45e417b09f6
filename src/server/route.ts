/** Every path of the service, and who may come in by it. */
import type { IncomingMessage } from 'node:http';
import { wantsGraphiql, type Graphiql } from './graphiql.ts';
import type { Endpoint } from './graphql-endpoint.ts';
import { HttpProblem, sendJson } from './http-problem.ts';
import type { Identity } from './identity.ts';
import { namesLoopback } from './loopback.ts';
import { readOperationRequest } from './operation-request.ts';
import type { NotReady } from './readiness.ts';
import type { Exchange, Route } from './request-listener.ts';
import { sendResponse } from './send-response.ts';

/** What stands behind the paths. */
export interface Rooms {
  readonly identity: Identity;
  readonly endpoint: Endpoint;
  readonly graphiql: Graphiql;
  readonly checkReady: () => Promise<NotReady>;
  /** Whether only requests that name this machine by a loopback name are answered: in development mode. */
  readonly isLoopbackOnly: boolean;
}

/** The one door: all requests come through here. */
export function route(rooms: Rooms): Route {
  return async (exchange) => {
    const { request, path } = exchange;
    if (rooms.isLoopbackOnly) checkHost(request);
    if (path === '/graphql') return answerGraphql(rooms, exchange);
    if (path === '/health') {
      answerHealth(exchange);
      return;
    }
    if (path === '/ready') return answerReady(rooms, exchange);
    if (path.startsWith(rooms.graphiql.assetFolder)) {
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
  const method = checkMethod(exchange, ['GET', 'POST']);
  if (wantsGraphiql(request)) return rooms.graphiql.sendPage(response);
  // Before anything of the operation is read: whoever has no identity makes no work.
  const identified = await rooms.identity.identify(request.headers.authorization ?? null);
  facts['partition'] = identified.caller.partitionId.toString();
  const answer = await rooms.endpoint({
    method,
    accept: request.headers.accept ?? '*/*',
    operation: await readOperationRequest(request, query),
    asker: { ...identified, signal, requestId },
    // Callers choose the name, at any length.
    onOperation: (name) => (facts['operation'] = name.slice(0, 100)),
  });
  await sendResponse(response, answer);
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

function checkHost({ headers }: IncomingMessage): void {
  if (namesLoopback(headers.host)) return;
  throw new HttpProblem(
    'In development mode only requests to localhost, 127.0.0.1 or [::1] are answered, and the Host header names ' +
      'another host. Configure an identity method to serve under other names.',
    { status: 403, code: 'FOREIGN_HOST' },
  );
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
