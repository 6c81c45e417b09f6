/** Rules for the head of every request (RFC 9110, RFC 9112). */
import type { IncomingMessage } from 'node:http';
import { badRequest, HttpError } from './http-error.ts';

/**
 * Replaces a target in absolute form by its path, and the Host header by the host of the target (RFC 9112, 3.2.2). Does
 * not change any other target.
 */
export function readTarget(request: IncomingMessage): void {
  const { url = '/', headers } = request;
  if (url.startsWith('/')) return;
  const { authority, rest } = /^https?:\/\/(?<authority>[^/?#]*)(?<rest>[^]*)$/i.exec(url)?.groups ?? {};
  if (authority === undefined || rest === undefined) return;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  // HTTP/1.1 needs the header in any case.
  if (headers.host !== undefined) headers.host = authority;
}

/** Headers that may occur only once, by the length of their names. Node drops duplicates. */
const singleHeaders: Readonly<Record<number, string>> = {
  4: 'host',
  12: 'content-type',
  13: 'authorization',
};

/**
 * Throws an HttpError for another version of HTTP, for an unsupported transfer coding, and for a duplicate header that may
 * occur only once.
 */
export function checkHead(request: IncomingMessage): void {
  const { httpVersion, httpVersionMajor, rawHeaders } = request;
  if (httpVersionMajor !== 1) {
    // Node treats a request line without a version as HTTP/0.9.
    const message = `The service speaks HTTP/1.1 and HTTP/1.0, and this request is one of HTTP/${httpVersion}.`;
    throw new HttpError('BAD_REQUEST', message, { headers: { connection: 'close' } });
  }
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined) checkCoding(coding, httpVersion);
  let seen = 0;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const length = rawHeaders[n]?.length ?? 0;
    const single = singleHeaders[length];
    if (single === undefined) continue;
    if ((seen & (1 << length)) !== 0 && countOf(rawHeaders, single) > 1)
      throw badRequest(`The request has more than one header "${single}"; at most one is allowed.`);
    seen |= 1 << length;
  }
}

/**
 * Node passes on the bytes of other codings unchanged, ignores a header without a value, and reads chunks in HTTP/1.0. A
 * proxy in front may not do that (RFC 9112, 6.1), and would then see the end of the request at another place.
 */
function checkCoding(coding: string, httpVersion: string): void {
  const options = { headers: { connection: 'close' } };
  if (httpVersion === '1.0')
    throw new HttpError('BAD_REQUEST', 'HTTP/1.0 does not allow the header Transfer-Encoding.', options);
  if (coding.toLowerCase() === 'chunked') return;
  const found = JSON.stringify(coding.slice(0, 100));
  const message = `The only supported Transfer-Encoding is chunked, but this request has ${found}.`;
  throw new HttpError('BAD_REQUEST', message, { ...options, status: 501 });
}

function countOf(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((text, n) => n % 2 === 0 && text.toLowerCase() === name).length;
}
