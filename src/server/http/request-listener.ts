/** Around every request: the errors that nothing has caught, a line in the log, and the end of the work for it. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { answerClientErrors } from './client-error.ts';
import type { Connections } from './connections.ts';
import { HttpExchange } from './http-exchange.ts';
import { asUnauthorized, HttpError, sendError } from './http-error.ts';
import { readTarget } from './request-head.ts';

/** Answers one request, or throws or rejects with an HttpError that does. */
export type Route = (exchange: HttpExchange) => Promise<void> | undefined;

/** Makes the route answer all requests of a server. */
export function listenToRequests(
  server: Server,
  route: Route,
  world: { readonly connections: Connections; readonly log: Logger; readonly now: () => number },
): void {
  const { connections, log, now } = world;
  const answerBy = (answer: Route) => {
    const begin = (exchange: HttpExchange): void => {
      try {
        answer(exchange)?.catch((thrown: unknown) => answerError(thrown, { exchange, log }));
      } catch (thrown) {
        answerError(thrown, { exchange, log });
      }
    };
    return (request: IncomingMessage, response: ServerResponse): void => {
      const isLogged = log.isLevelEnabled('debug');
      const startedAt = isLogged ? now() : 0;
      readTarget(request);
      const exchange = new HttpExchange(request, response);
      response.on('close', () => {
        // Emitted twice where the connection goes.
        if (!connections.remove(exchange)) return;
        if (!response.writableFinished) exchange.abort();
        exchange.written?.release();
        if (isLogged)
          log.debug({ ...aboutExchange(exchange), ms: now() - startedAt, ...exchange.facts }, 'request');
      });
      connections.add(exchange, begin);
    };
  };
  server.on('request', answerBy(route));
  // Node's own response would have none of the service's headers.
  server.on('checkExpectation', answerBy(refuseExpectation));
  // Node would write it into the middle of another response. No client has to wait for it (RFC 9110, 10.1.1).
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (response.socket !== null) response.writeContinue();
    server.emit('request', request, response);
  });
  answerClientErrors(server, { connections, log });
}

function refuseExpectation(): never {
  const message = 'The only expectation that is met is 100-continue, and the header Expect has another.';
  throw new HttpError('BAD_REQUEST', message, { status: 417 });
}

function aboutExchange({ request, response, requestId, path, caller }: HttpExchange): object {
  return {
    requestId,
    method: request.method,
    path: path.slice(0, 200),
    status: response.headersSent ? response.statusCode : null,
    isComplete: response.writableFinished,
    ...(caller === null ? {} : { partition: caller.partitionId.toString() }),
  };
}

function answerError(thrown: unknown, { exchange, log }: { exchange: HttpExchange; log: Logger }): void {
  const { request, response, requestId, facts } = exchange;
  // There is no client any more; a response whose turn has not come hears of it last.
  if (exchange.isGone || response.destroyed || request.socket.destroyed) return;
  exchange.setUsualHeaders();
  const error = asUnauthorized(thrown);
  if (error instanceof HttpError && !response.headersSent) {
    facts['problem'] = error.message;
    sendError(response, error);
    return;
  }
  log.error({ requestId, err: thrown }, 'unexpected error');
  // Half a response must not look like a whole one.
  if (response.headersSent) response.destroy();
  else
    sendError(response, new HttpError('INTERNAL_SERVER_ERROR', 'Unexpected error', { facts: { requestId } }));
}
