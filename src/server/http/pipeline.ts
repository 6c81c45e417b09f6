/**
 * Requests that come on a connection before the ones ahead of them have been answered (RFC 9112, 9.3.2). They are begun
 * one in each turn of the event loop, and only while few are at work and little waits for the client to take it: so a
 * client that asks for much at once keeps nobody from being answered, and one that does not read holds little memory.
 */
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Exchange } from './exchange.ts';
import type { OpenAnswers } from './open-answers.ts';

/** Requests of one connection that are worked for at once. More than one, since some wait for a second reading. */
const mostAtWork = 4;
/** More of answers that the client has not taken, and nothing more is begun for it. */
const unsentLimitInBytes = 1_048_576;
/** More that wait on a connection, and nothing more is read from it until there are fewer. */
const pausedAt = 16;
/** More may come in what was read already only where a client sends on and on without regard to its answers: it is cut. */
const mostWaiting = 512;

/** What requests are begun with. */
export interface Beginning {
  readonly answers: OpenAnswers;
  readonly log: Logger;
  readonly begin: (exchange: Exchange) => void;
}

/** Begins at once where no answer is under way on the connection, else when it is the request's turn. */
export function beginInTurn(exchange: Exchange, { answers, log, begin }: Beginning): void {
  const { socket } = exchange.request;
  const ahead = answers.on(socket).length - 1;
  if (ahead === 0) {
    begin(exchange);
    return;
  }
  exchange.begin = begin;
  // What was read in one piece with what it was cut for still comes.
  if (socket.destroyed) return;
  if (ahead > mostWaiting) {
    log.warn({ requests: ahead }, 'a client with too many requests at once on a connection was cut');
    socket.destroy();
    return;
  }
  if (ahead > pausedAt) socket.pause();
  beginLater(socket, answers);
}

/** To be called where an answer on the connection is over, or a request has come: what may be begun is. */
export function beginLater(socket: Socket, answers: OpenAnswers): void {
  if (answers.on(socket).at(-1)?.begin != null) setImmediate(beginNext, socket, answers);
}

function beginNext(socket: Socket, answers: OpenAnswers): void {
  const exchanges = answers.on(socket);
  // Those that have begun come first.
  const next = exchanges.find(({ begin }) => begin !== null);
  const begin = next?.begin ?? null;
  if (next === undefined || begin === null || socket.destroyed) return;
  const atWork = exchanges.slice(0, exchanges.indexOf(next));
  const unsent = atWork.reduce((sum, { response }) => sum + response.writableLength, 0);
  if (atWork.length >= mostAtWork || unsent > unsentLimitInBytes) return;
  next.begin = null;
  if (exchanges.length <= pausedAt) socket.resume();
  begin(next);
  beginLater(socket, answers);
}
