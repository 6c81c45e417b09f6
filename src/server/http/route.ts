/** The paths of the service. */
import type { ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import { checkHost } from '../auth/host.ts';
import { answerPreflight, isPreflight, shareWithOrigin } from '../auth/origin.ts';
import type { ListenerContext, ServerContext } from '../context.ts';
import type { HotPath } from '../hot-path/hot-path.ts';
import { endpointPath } from '../yoga.ts';
import type { HttpExchange } from './http-exchange.ts';
import { assetFolder, wantsGraphiql } from './graphiql.ts';
import { checkMethod, HttpError, sendJson } from './http-error.ts';
import { HttpRequest } from './http-request.ts';
import { checkHead } from './request-head.ts';
import type { Route } from './request-listener.ts';

interface Contexts {
  readonly listener: ListenerContext;
  readonly server: ServerContext;
}

/** The route of all requests of a listener but upgrades. */
export function route(contexts: Contexts): Route {
  const { hosts } = contexts.listener;
  // Most requests name the same host as the one before.
  let goodHost: string | null = null;
  return (exchange) => {
    const { request, path } = exchange;
    checkHead(request);
    const { host } = request.headers;
    // Before Yoga, which answers some requests itself (DNS rebinding).
    if (host !== goodHost) {
      checkHost(request, hosts);
      goodHost = host ?? null;
    }
    // Yoga compares only the end of the address with its endpoint.
    if (path === endpointPath) return answerGraphql(contexts, exchange);
    exchange.setUsualHeaders();
    return answerOther(contexts, exchange);
  };
}

const reading = ['GET', 'HEAD'];

async function answerOther({ listener, server }: Contexts, exchange: HttpExchange): Promise<void> {
  const { path, request, response } = exchange;
  const allow = { subject: path, allowed: reading };
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
  if (listener.graphiql !== null && path === '/' && wantsGraphiql(exchange.request)) {
    response.writeHead(302, { location: endpointPath, vary: 'accept' }).end();
    return;
  }
  if (listener.graphiql !== null && path.startsWith(assetFolder)) {
    checkMethod(request, allow);
    if (await listener.graphiql.sendAsset(exchange)) return;
  }
  throw new HttpError('NOT_FOUND', 'There is nothing at this path; GraphQL is at /graphql.');
}

function answerGraphql(contexts: Contexts, exchange: HttpExchange): Promise<void> | undefined {
  const { request } = exchange;
  const { graphiql, allowedOrigins } = contexts.listener;
  // Without CORS headers: the page may hold tokens.
  if (graphiql !== null && wantsGraphiql(request)) {
    exchange.setUsualHeaders();
    return answerByYoga(new HttpRequest(exchange, contexts));
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
  const graphqlRequest = new HttpRequest(exchange, contexts);
  const { hotPath } = contexts.server;
  if (hotPath === null) return answerByYoga(graphqlRequest);
  return hotPath.answer(graphqlRequest, () => answerByYoga(graphqlRequest, hotPath));
}

/**
 * In place of the response, of which Yoga's adapter takes its events only: its listeners would abort a signal that only
 * plugins use, and take 2 KB of memory for as long as a stream lasts.
 */
const noResponse = Object.create(null) as ServerResponse;

/** Yoga's Response stands for one that the request writes itself, or it is Yoga's or a plugin's own. */
async function answerByYoga(graphqlRequest: HttpRequest, hotPath: HotPath | null = null): Promise<void> {
  const { exchange, server } = graphqlRequest;
  const { request, response } = exchange;
  try {
    const responseForYoga = server.hasActivePlugins ? response : noResponse;
    const given = await server.yoga.handleNodeRequestAndResponse(request, responseForYoga, {
      hvql: graphqlRequest,
    });
    if (graphqlRequest.isOwn(given)) {
      hotPath?.note(graphqlRequest);
      if (server.hasActivePlugins) copyHeaders(given, exchange);
      graphqlRequest.send();
    } else {
      exchange.setUsualHeaders();
      await sendNodeResponse(given, response, request, true);
    }
  } finally {
    graphqlRequest.drop();
  }
}

/** Copies the headers that a plugin has set on the Response. */
function copyHeaders({ headers }: Response, exchange: HttpExchange): void {
  exchange.setUsualHeaders();
  headers.forEach((value, name) => {
    if (name !== 'content-type' && name !== 'content-length') exchange.response.setHeader(name, value);
  });
}
