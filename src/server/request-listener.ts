/** Around every request: an id, the headers that all answers have, the errors nobody caught, a line in the log. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { internalErrorCode } from './error-mask.ts';
import { asUnauthorized, HttpProblem, sendProblem } from './http-problem.ts';
import { securityHeaders } from './security-header.ts';

/** One request and what becomes of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly requestId: string;
  /** Aborted when the client goes away, or the server. */
  readonly signal: AbortSignal;
  /** What the log says of it beside the usual. */
  readonly facts: Record<string, unknown>;
}

/** Answers one request, or rejects with an HttpProblem that does. */
export type Route = (exchange: Exchange) => Promise<void>;

/** What the listener needs of the world. */
export interface ListenerWorld {
  readonly log: Logger;
  readonly now: () => number;
}

/** The listener for node's requests, and a way to abort all that are under way. */
export function requestListener(
  route: Route,
  { log, now }: ListenerWorld,
): { readonly listener: RequestListener; readonly abortAll: () => void } {
  const underWay = new Set<AbortController>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const startedAt = now();
    const gone = new AbortController();
    const exchange = openExchange({ request, response, signal: gone.signal });
    underWay.add(gone);
    response.once('close', () => {
      underWay.delete(gone);
      const isComplete = response.writableFinished;
      if (!isComplete) gone.abort();
      const { requestId, path, facts } = exchange;
      const status = response.headersSent ? response.statusCode : null;
      log.debug(
        { requestId, method: request.method, path, status, isComplete, ms: now() - startedAt, ...facts },
        'request',
      );
    });
    route(exchange).catch((thrown: unknown) => answerError(thrown, { exchange, log }));
  };
  const abortAll = (): void => {
    for (const gone of underWay) gone.abort();
  };
  return { listener, abortAll };
}

function openExchange(parts: Pick<Exchange, 'request' | 'response' | 'signal'>): Exchange {
  const requestId = randomUUID();
  const address = parts.request.url ?? '/';
  const queryAt = address.indexOf('?');
  const path = queryAt === -1 ? address : address.slice(0, queryAt);
  const query = new URLSearchParams(queryAt === -1 ? '' : address.slice(queryAt + 1));
  const headers = { 'x-request-id': requestId, ...securityHeaders(parts.request) };
  for (const [name, value] of Object.entries(headers)) parts.response.setHeader(name, value);
  return { ...parts, path: path.slice(0, 200), query, requestId, facts: {} };
}

function answerError(thrown: unknown, { exchange, log }: { exchange: Exchange; log: Logger }): void {
  const { response, requestId, signal, facts } = exchange;
  // Nobody is there to be answered; an answer whose turn has not come hears of it last.
  if (signal.aborted || response.destroyed || exchange.request.socket.destroyed) return;
  const problem = asUnauthorized(thrown);
  if (problem instanceof HttpProblem) {
    facts['problem'] = problem.message;
    sendProblem(response, problem);
    return;
  }
  log.error({ requestId, err: thrown }, 'unexpected error');
  // Half an answer must not look like a whole one.
  if (response.headersSent) response.destroy();
  else {
    const answer = { status: 500, code: internalErrorCode, facts: { requestId } };
    sendProblem(response, new HttpProblem('Unexpected error', answer));
  }
}
