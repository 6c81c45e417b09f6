/** Responses that the service writes directly to a socket: to requests that Node's parser rejects, and to refused upgrades. */
import { maxHeaderSize, STATUS_CODES, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerContext } from '../context.ts';
import type { Connections } from './connections.ts';
import type { MediaType } from './header.ts';
import { badRequest, errorBody, HttpError } from './http-error.ts';
import { arrivalLimits } from './http-server.ts';

/** An error of Node's parser. */
interface ParseError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/** Responds to a request that Node cannot parse, after the responses in flight on the connection, and closes it. */
export function answerClientErrors(
  server: Server,
  {
    connections,
    server: { log, proxies, refusals, health },
  }: {
    readonly connections: Connections;
    readonly server: Pick<ServerContext, 'log' | 'proxies' | 'refusals' | 'health'>;
  },
): void {
  const answer = (socket: Socket, error: ParseError): void => {
    if (!socket.writable) return;
    log.debug({ code: error.code, reason: error.reason }, 'a request could not be read');
    const refusal = refusalOf(error);
    const { code, message } = refusal;
    health?.refuse(code);
    // Only the client address of a malformed request is known.
    const address = proxies.clientOf({ socket, headers: {} });
    refusals.add({ code, message, address, caller: null, facts: {} });
    sendLastResponse(socket, refusal, {
      method: null,
      mediaType: 'application/json',
      headers: { 'X-Content-Type-Options': 'nosniff' },
    });
  };
  // The parser continues, and may find more errors.
  const known = new WeakSet<Duplex>();
  server.on('clientError', (error: ParseError, socket: Duplex) => {
    if (!known.has(socket)) {
      known.add(socket);
      const isOpen = socket instanceof Socket && socket.writable && error.code !== 'ECONNRESET';
      if (!isOpen || !connections.stopReading(socket, () => answer(socket, error))) socket.destroy();
    }
    // A client that disconnects within a request does not wait for responses.
    if (error.code === 'HPE_INVALID_EOF_STATE' && !socket.writableEnded) socket.destroy();
  });
}

function refusalOf({ code, reason }: ParseError): HttpError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(
        'LIMIT_EXCEEDED',
        `The URL and the headers of the request have more than ${maxHeaderSize} bytes in total, which is the ` +
          'maximum: send a long operation as the body of a POST.',
        { status: 431, facts: { limit: maxHeaderSize } },
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW': {
      const message = 'The chunks of the body have longer extensions than are read.';
      return new HttpError('BAD_REQUEST', message, { status: 413 });
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT': {
      const [headers, all] = [arrivalLimits.headersTimeout / 1_000, arrivalLimits.requestTimeout / 1_000];
      const message = `The request timed out: the headers must arrive within ${headers} s, and the whole request within ${all} s.`;
      return new HttpError('BAD_REQUEST', message, { status: 408 });
    }
    default: {
      const detail = reason === undefined ? '' : `: ${reason}`;
      return badRequest(`This is not an HTTP/1.1 request${detail}.`);
    }
  }
}

/** How long further input is discarded: a client that sees a reset may lose the response. */
const lingerMilliseconds = 1_000;

/**
 * Sends the refusal and closes the connection. It writes to the socket directly, because a ServerResponse throws if the
 * socket still has another one. `method` is the method of the request; null if it could not be parsed.
 */
export function sendLastResponse(
  socket: Socket,
  error: HttpError,
  options: {
    readonly method: string | null;
    readonly mediaType: MediaType;
    readonly headers: Readonly<Record<string, string>>;
  },
): void {
  const body = JSON.stringify(errorBody(error));
  const headers = {
    Connection: 'close',
    Date: new Date().toUTCString(),
    ...options.headers,
    ...error.headers,
    'Content-Type': `${options.mediaType}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`;
  socket.end([status, ...lines, '', options.method === 'HEAD' ? '' : body].join('\r\n'));
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once('close', () => clearTimeout(linger));
}
