/** The last answer on a connection that Node's HTTP server writes to no longer. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { MediaType } from './media-type.ts';
import { errorBody, type HttpError } from './http-error.ts';

/** How the problem is written. */
export interface LastAnswerOptions {
  /** The method of the request; null where it could not be read. HEAD gets no body. */
  readonly method: string | null;
  readonly mediaType: MediaType;
  readonly headers: Readonly<Record<string, string>>;
}

/** So long what still comes is thrown away: a client that hears of a reset may lose the answer on its way. */
const lingerMilliseconds = 1_000;

/**
 * Answers with the problem and closes the connection. It writes to the socket itself: a ServerResponse throws on a
 * socket that has another one, and it may have one for as long as Node is about to finish that.
 */
export function sendLastAnswer(socket: Socket, problem: HttpError, options: LastAnswerOptions): void {
  socket.end(messageOf(problem, options));
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once('close', () => clearTimeout(linger));
}

function messageOf(problem: HttpError, { method, mediaType, headers }: LastAnswerOptions): string {
  const body = JSON.stringify(errorBody(problem));
  const allHeaders = {
    Connection: 'close',
    Date: new Date().toUTCString(),
    ...headers,
    ...problem.headers,
    'Content-Type': `${mediaType}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  };
  const lines = Object.entries(allHeaders).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`;
  return [status, ...lines, '', method === 'HEAD' ? '' : body].join('\r\n');
}
