/** Around every request: the errors nobody caught, a line in the log, and an end for whoever works for it. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { internalErrorCode } from '../error-mask.ts';
import { Exchange } from './exchange.ts';
import { asUnauthorized, HttpError, sendError } from './http-error.ts';
import { answerUnreadable } from './unreadable-request.ts';
import type { OpenAnswers } from './open-answers.ts';
import { beginInTurn, beginLater } from './pipeline.ts';
import type { SlowAnswers } from './slow-answers.ts';

/** Answers one request, or throws or rejects with an HttpError that does. */
export type Route = (exchange: Exchange) => Promise<void> | undefined;

/** What the listener needs of the world. */
export interface ListenerWorld {
  readonly answers: OpenAnswers;
  readonly slowAnswers: SlowAnswers;
  readonly log: Logger;
  readonly now: () => number;
}

/** Has the route answer all requests of a server. */
export function listenToRequests(server: Server, route: Route, world: ListenerWorld): void {
  const { answers, slowAnswers, log, now } = world;
  const answerBy = (answer: Route) => {
    const begin = (exchange: Exchange): void => {
      try {
        answer(exchange)?.catch((thrown: unknown) => answerError(thrown, { exchange, log }));
      } catch (thrown) {
        answerError(thrown, { exchange, log });
      }
    };
    const beginning = { answers, log, begin };
    return (request: IncomingMessage, response: ServerResponse): void => {
      const isTold = log.isLevelEnabled('debug');
      const startedAt = isTold ? now() : 0;
      const exchange = new Exchange(request, response);
      answers.add(exchange);
      slowAnswers.watch();
      // Where a connection goes, it may be told twice.
      response.on('close', () => {
        if (!answers.remove(exchange)) return;
        if (!response.writableFinished) exchange.abort();
        exchange.written?.release();
        beginLater(exchange.request.socket, answers);
        if (isTold)
          log.debug({ ...aboutExchange(exchange), ms: now() - startedAt, ...exchange.facts }, 'request');
      });
      beginInTurn(exchange, beginning);
    };
  };
  server.on('request', answerBy(route));
  // Node's own answer would be one that nothing here knows of.
  server.on('checkExpectation', answerBy(refuseExpectation));
  answerUnreadable(server, { answers, log });
  // Node would write it into the middle of an answer whose turn has not come. Nobody has to wait for it (RFC 9110, 10.1.1).
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (response.socket !== null) response.writeContinue();
    server.emit('request', request, response);
  });
}

function refuseExpectation(): never {
  throw new HttpError(
    'BAD_REQUEST',
    'The only expectation that is met is 100-continue, and the header Expect has another.',
    { status: 417 },
  );
}

function aboutExchange({ request, response, requestId, path, caller }: Exchange): object {
  const { method } = request;
  const status = response.headersSent ? response.statusCode : null;
  const who = caller === null ? {} : { partition: caller.partitionId.toString() };
  return {
    requestId,
    method,
    path: path.slice(0, 200),
    status,
    isComplete: response.writableFinished,
    ...who,
  };
}

function answerError(thrown: unknown, { exchange, log }: { exchange: Exchange; log: Logger }): void {
  const { request, response, requestId, facts } = exchange;
  // Nobody is there to be answered; an answer whose turn has not come hears of it last.
  if (exchange.isGone || response.destroyed || request.socket.destroyed) return;
  exchange.setUsualHeaders();
  const problem = asUnauthorized(thrown);
  if (problem instanceof HttpError && !response.headersSent) {
    facts['problem'] = problem.message;
    sendError(response, problem);
    return;
  }
  log.error({ requestId, err: thrown }, 'unexpected error');
  // Half an answer must not look like a whole one.
  if (response.headersSent) response.destroy();
  else {
    sendError(response, new HttpError(internalErrorCode, 'Unexpected error', { facts: { requestId } }));
  }
}
