/** Routes the requests of a listener by path, handles uncaught errors, and logs each request. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import { auditRefusals } from '../audit.ts';
import { checkHost } from '../auth/host.ts';
import { answerPreflight, isPreflight, shareWithOrigin } from '../auth/origin.ts';
import type { Contexts } from '../context.ts';
import type { HotPath } from '../hot-path/hot-path.ts';
import { endpointPath } from '../yoga.ts';
import { answerClientErrors } from './client-error.ts';
import type { Connections } from './connections.ts';
import { dashboardFolder } from './dashboard.ts';
import { assetFolder, wantsPage, wantsPageOrHead } from './graphiql.ts';
import { GraphqlExchange, metricsPath } from './graphql-exchange.ts';
import { asHttpError, checkMethod, HttpError, refusedConnection, sendError, sendJson } from './http-error.ts';
import { answerMetrics } from './metrics-response.ts';
import { checkHead, readTarget } from './request-head.ts';

/** Handles one request. May throw, or reject with, an HttpError, which is then the response. */
type Route = (exchange: GraphqlExchange) => Promise<void> | undefined;

/** Handles all requests of a server except upgrades. `hotPath` is null if every operation goes through Yoga. */
export function listenToRequests(
  server: Server,
  options: {
    readonly contexts: Contexts;
    readonly connections: Connections;
    readonly hotPath: HotPath | null;
  },
): void {
  const { contexts, connections, hotPath } = options;
  const { log, now } = contexts.server;
  const answerBy = (route: Route) => {
    const answer = (exchange: GraphqlExchange): void => {
      try {
        route(exchange)?.catch((thrown: unknown) => answerError(thrown, exchange));
      } catch (thrown) {
        answerError(thrown, exchange);
      }
    };
    return (request: IncomingMessage, response: ServerResponse): void => {
      const isLogged = log.isLevelEnabled('debug');
      const startedAt = isLogged ? now() : 0;
      readTarget(request);
      const exchange = new GraphqlExchange(request, response, contexts);
      response.on('close', () => {
        // Emitted twice if the connection closes.
        if (!connections.remove(exchange)) return;
        if (!response.writableFinished) exchange.abort();
        exchange.written?.release();
        if (isLogged) log.debug({ ...factsOf(exchange), ms: now() - startedAt }, 'request');
      });
      connections.add(exchange, answer);
    };
  };
  server.on('request', answerBy(routeBy(contexts, hotPath)));
  // Node's own response would have none of the service's headers.
  server.on('checkExpectation', answerBy(refuseExpectation));
  // Node would write it into another response. Clients need not wait for it (RFC 9110, 10.1.1).
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (response.socket !== null) response.writeContinue();
    server.emit('request', request, response);
  });
  answerClientErrors(server, { connections, server: contexts.server });
}

function routeBy({ listener }: Contexts, hotPath: HotPath | null): Route {
  // Most requests have the same host as the previous one.
  let goodHost: string | null = null;
  return (exchange) => {
    const { request, path } = exchange;
    checkHead(request);
    const problem = exchange.quotaEntry?.problem ?? null;
    if (problem !== null && path !== '/health') throw refusedConnection(problem);
    const { host } = request.headers;
    // Before Yoga, which handles some requests itself (DNS rebinding).
    if (host !== goodHost) {
      checkHost(request, listener.hosts);
      goodHost = host ?? null;
    }
    // Yoga compares only the end of the URL with its endpoint.
    if (path === endpointPath) return answerGraphql(exchange, hotPath);
    exchange.setUsualHeaders();
    return answerOther(exchange);
  };
}

async function answerOther(exchange: GraphqlExchange): Promise<void> {
  const { path, request, response, server } = exchange;
  const { graphiql, dashboard } = exchange.listener;
  const allow = { subject: path, allowed: ['GET', 'HEAD'] };
  if (path === '/health') {
    checkMethod(request, allow);
    sendJson(response, { status: 200, body: { status: 'ok' } });
    return;
  }
  if (path === '/ready') {
    checkMethod(request, allow);
    const reason = await server.checkReady();
    if (reason === null) sendJson(response, { status: 200, body: { status: 'ok' } });
    else sendJson(response, { status: 503, body: { status: 'unavailable', reason } });
    return;
  }
  if (server.metrics !== null && path === metricsPath) return answerMetrics(exchange, server.metrics);
  if (dashboard !== null && path === '/' && wantsPageOrHead(request)) {
    dashboard.sendPage(exchange);
    return;
  }
  if (dashboard !== null && path.startsWith(dashboardFolder)) {
    checkMethod(request, allow);
    if (await dashboard.sendAsset(exchange)) return;
  }
  if (graphiql !== null && path === '/' && wantsPageOrHead(request)) {
    response.writeHead(302, { location: endpointPath, vary: 'accept' }).end();
    return;
  }
  if (graphiql !== null && path.startsWith(assetFolder)) {
    checkMethod(request, allow);
    if (await graphiql.sendAsset(exchange)) return;
  }
  throw new HttpError('NOT_FOUND', 'There is nothing at this path; GraphQL is at /graphql.');
}

function answerGraphql(exchange: GraphqlExchange, hotPath: HotPath | null): Promise<void> | undefined {
  const { request, listener } = exchange;
  const { graphiql, allowedOrigins } = listener;
  // Without CORS headers, because the page may contain tokens.
  if (graphiql !== null && wantsPage(request)) {
    exchange.setUsualHeaders();
    return answerByYoga(exchange, null);
  }
  if (allowedOrigins.length > 0) {
    exchange.setUsualHeaders();
    shareWithOrigin(exchange, allowedOrigins);
  }
  if (isPreflight(request)) {
    exchange.setUsualHeaders();
    answerPreflight(exchange, allowedOrigins);
    return undefined;
  }
  if (hotPath === null) return answerByYoga(exchange, null);
  return hotPath.answer(exchange, () => answerByYoga(exchange, hotPath));
}

/**
 * Replaces the response, of which Yoga's adapter uses only the events: its listeners would abort a signal that only
 * plugins use, and take 2 KB of memory for the duration of a stream.
 */
const noResponse = Object.create(null) as ServerResponse;

/** Yoga's Response is a placeholder for one that the exchange writes, or it is Yoga's or a plugin's own. */
async function answerByYoga(exchange: GraphqlExchange, hotPath: HotPath | null): Promise<void> {
  const { request, response, server } = exchange;
  try {
    const responseForYoga = server.hasActivePlugins ? response : noResponse;
    const given = await server.yoga.handleNodeRequestAndResponse(request, responseForYoga, {
      hvql: exchange,
    });
    if (exchange.isOwn(given)) {
      hotPath?.note(exchange);
      if (server.hasActivePlugins) copyHeaders(given, exchange);
      exchange.send();
    } else {
      exchange.setUsualHeaders();
      await sendNodeResponse(given, response, request, true);
    }
  } finally {
    exchange.drop();
  }
}

/** Copies the headers that a plugin has set on the Response. */
function copyHeaders({ headers }: Response, exchange: GraphqlExchange): void {
  exchange.setUsualHeaders();
  headers.forEach((value, name) => {
    if (name !== 'content-type' && name !== 'content-length') exchange.response.setHeader(name, value);
  });
}

function refuseExpectation(): never {
  const message = 'The only expectation that is met is 100-continue, and the header Expect has another.';
  throw new HttpError('BAD_REQUEST', message, { status: 417 });
}

function factsOf({ request, response, path, facts, address }: GraphqlExchange): object {
  return {
    ...facts,
    address: address ?? undefined,
    method: request.method,
    path: path.slice(0, 200),
    status: response.headersSent ? response.statusCode : null,
    isComplete: response.writableFinished,
  };
}

function answerError(thrown: unknown, exchange: GraphqlExchange): void {
  const { request, response, requestId, server } = exchange;
  const error = asHttpError(thrown);
  // Even if the client did not wait for the response.
  if (error instanceof HttpError) auditRefusals(exchange, [error]);
  // The client has disconnected; a response that has to wait for others is notified last.
  if (exchange.isGone || response.destroyed || request.socket.destroyed) return;
  exchange.setUsualHeaders();
  server.health?.observe(exchange.transport, 'refused', exchange.startedAt);
  server.health?.refuse(error instanceof HttpError ? error.code : 'INTERNAL_SERVER_ERROR');
  if (error instanceof HttpError && !response.headersSent) {
    exchange.problem = error.message;
    sendError(response, error);
    return;
  }
  server.log.error({ requestId, err: thrown }, 'unexpected error');
  // An incomplete response must not look complete.
  if (response.headersSent) response.destroy();
  else
    sendError(response, new HttpError('INTERNAL_SERVER_ERROR', 'Unexpected error', { facts: { requestId } }));
}
