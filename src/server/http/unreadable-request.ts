/** What node's parser can make no request of: it is told why in words, where node would send a status alone. */
import { maxHeaderSize, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { HttpError } from './http-error.ts';
import { arrivalLimits } from './http-server.ts';
import { sendLastAnswer } from './last-answer.ts';
import type { OpenAnswers } from './open-answers.ts';

/** Of node's parser: `code` says what kind of mistake it is, `reason` which one. */
interface ReadError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

const { headersTimeout, requestTimeout } = arrivalLimits;
/** Answers what cannot be read, behind what was asked before it on the connection, and closes that. */
export function answerUnreadable(
  server: Server,
  { answers, log }: { readonly answers: OpenAnswers; readonly log: Logger },
): void {
  const say = (socket: Socket, error: ReadError): void => {
    if (!socket.writable) return;
    log.debug({ code: error.code, reason: error.reason }, 'a request could not be read');
    sendLastAnswer(socket, problemOf(error), {
      method: null,
      mediaType: 'application/json',
      headers: { 'X-Content-Type-Options': 'nosniff' },
    });
  };
  // The parser goes on with what still comes, and finds more mistakes in it.
  const known = new WeakSet<Duplex>();
  server.on('clientError', (error: ReadError, socket: Duplex) => {
    if (!known.has(socket)) {
      known.add(socket);
      const isThere = socket instanceof Socket && socket.writable && error.code !== 'ECONNRESET';
      if (!isThere || !answers.stopReading(socket, () => say(socket, error))) socket.destroy();
    }
    // Who breaks off does not wait for the answers to what was asked before.
    if (error.code === 'HPE_INVALID_EOF_STATE' && !socket.writableEnded) socket.destroy();
  });
}

function problemOf({ code, reason }: ReadError): HttpError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(
        'LIMIT_EXCEEDED',
        `The address and the headers of the request have more than ${maxHeaderSize} bytes together, the most that is ` +
          'read: send a long question as the body of a POST.',
        { status: 431, facts: { limit: maxHeaderSize } },
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW': {
      const message = 'The chunks of the body have longer extensions than are read.';
      return new HttpError('BAD_REQUEST', message, { status: 413 });
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpError(
        'BAD_REQUEST',
        `The request did not arrive in time: its headers have ${headersTimeout / 1_000} s, and all of it has ${requestTimeout / 1_000} s.`,
        { status: 408 },
      );
    default:
      return new HttpError(
        'BAD_REQUEST',
        `What came is no request of HTTP/1.1${reason === undefined ? '' : `: ${reason}`}.`,
      );
  }
}
