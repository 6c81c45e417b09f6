/** Every path of the service. */
import { sendNodeResponse } from '@whatwg-node/server';
import type { ListenerContext, ServerContext } from '../context.ts';
import type { Exchange } from './exchange.ts';
import { wantsGraphiql } from './graphiql.ts';
import type { HotPath } from '../hot-path/hot-path.ts';
import { checkHost } from '../auth/host.ts';
import { HttpError, sendJson } from './http-error.ts';
import { HttpRequest } from './http-request.ts';
import { answerPreflight, isPreflight, shareWithOrigin } from '../auth/origin.ts';
import type { Route } from './request-listener.ts';
import { endpointPath } from '../yoga.ts';

/** What stands behind the paths of a listener. */
interface Contexts {
  readonly listener: ListenerContext;
  readonly server: ServerContext;
}

/** The route of a listener: all its requests take it, but for upgrades. */
export function route(contexts: Contexts): Route {
  const { hosts } = contexts.listener;
  // Most requests name the host that the one before has named.
  let goodHost: string | null = null;
  return (exchange) => {
    const { request, path } = exchange;
    const { host } = request.headers;
    // Before anything of Yoga's, which answers some requests itself (DNS rebinding).
    if (host !== goodHost) {
      checkHost(request, hosts);
      goodHost = host ?? null;
    }
    // Yoga takes any address that ends with its endpoint for it.
    if (path === endpointPath) return answerGraphql(contexts, exchange);
    exchange.setUsualHeaders();
    return answerOther(contexts, exchange);
  };
}

async function answerOther({ listener, server }: Contexts, exchange: Exchange): Promise<void> {
  const { path } = exchange;
  if (path === '/health') {
    answerHealth(exchange);
    return;
  }
  if (path === '/ready') return answerReady(server, exchange);
  if (listener.graphiql !== null && path.startsWith(listener.graphiql.assetFolder)) {
    checkMethod(exchange, ['GET', 'HEAD']);
    if (await listener.graphiql.sendAsset(exchange)) return;
  }
  throw new HttpError('NOT_FOUND', 'There is nothing at this path; GraphQL is at /graphql.');
}

function answerGraphql(contexts: Contexts, exchange: Exchange): Promise<void> | undefined {
  const { request } = exchange;
  const { graphiql, allowedOrigins } = contexts.listener;
  // The page may hold tokens, so no page elsewhere may read it.
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
  const asked = new HttpRequest(exchange, contexts);
  const { hotPath } = contexts.server;
  if (hotPath === null) return answerByYoga(asked);
  return hotPath.answer(asked, () => answerByYoga(asked, hotPath));
}

/** Yoga's Response stands for the answer, which the request writes itself, or is one that Yoga or a plugin has made. */
async function answerByYoga(asked: HttpRequest, hotPath: HotPath | null = null): Promise<void> {
  const { exchange, server } = asked;
  const { request, response } = exchange;
  try {
    const given = await server.yoga.handleNodeRequestAndResponse(request, response, { hvql: asked });
    if (asked.isOwn(given)) {
      hotPath?.note(asked);
      if (server.hasActivePlugins) copyHeaders(given, exchange);
      asked.send();
    } else {
      exchange.setUsualHeaders();
      await sendNodeResponse(given, response, request, true);
    }
  } finally {
    asked.drop();
  }
}

/** Headers that a plugin has set on the Response; those that the answer has anyway are its own. */
function copyHeaders({ headers }: Response, exchange: Exchange): void {
  exchange.setUsualHeaders();
  headers.forEach((value, name) => {
    if (name !== 'content-type' && name !== 'content-length') exchange.response.setHeader(name, value);
  });
}

function answerHealth(exchange: Exchange): void {
  checkMethod(exchange, ['GET', 'HEAD']);
  sendJson(exchange.response, { status: 200, body: { status: 'ok' } });
}

async function answerReady(server: ServerContext, exchange: Exchange): Promise<void> {
  checkMethod(exchange, ['GET', 'HEAD']);
  const reason = await server.checkReady();
  if (reason === null) sendJson(exchange.response, { status: 200, body: { status: 'ok' } });
  else sendJson(exchange.response, { status: 503, body: { status: 'unavailable', reason } });
}

function checkMethod<Method extends string>({ request, path }: Exchange, allowed: readonly Method[]): Method {
  const method = allowed.find((candidate) => candidate === request.method);
  if (method !== undefined) return method;
  const list = allowed.join(', ');
  throw new HttpError('METHOD_NOT_ALLOWED', `${path} answers ${list} only.`, { headers: { allow: list } });
}
