/** Rules for the head of every request (RFC 9110, RFC 9112). */
import type { IncomingMessage } from 'node:http';
import { badRequest, HttpError } from './http-error.ts';

/**
 * Replaces a target in absolute form by its path, and the Host header by the host of the target, as RFC 9112, 3.2.2 has
 * it. Any other target stays as it is.
 */
export function readTarget(request: IncomingMessage): void {
  const { url = '/', headers } = request;
  if (url.startsWith('/')) return;
  const { authority, rest } = /^https?:\/\/(?<authority>[^/?#]*)(?<rest>[^]*)$/i.exec(url)?.groups ?? {};
  if (authority === undefined || rest === undefined) return;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  // HTTP/1.1 needs the header all the same.
  if (headers.host !== undefined) headers.host = authority;
}

/** Headers of which a request has one at most, by the length of their names. Node drops the second of each. */
const singleHeaders: Readonly<Record<number, string>> = {
  4: 'host',
  12: 'content-type',
  13: 'authorization',
};

/**
 * Throws an HttpError for another version of HTTP, for a coding of the body that is not read, and for a second header
 * where there can be one.
 */
export function checkHead(request: IncomingMessage): void {
  const { httpVersion, httpVersionMajor, rawHeaders } = request;
  if (httpVersionMajor !== 1) {
    // Node takes a request line without a version for HTTP/0.9.
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
 * Node gives the bytes of other codings as they are, takes a header without a value for none, and reads chunks of
 * HTTP/1.0, which a proxy in front may not (RFC 9112, 6.1): where this request ends is then not certain.
 */
function checkCoding(coding: string, httpVersion: string): void {
  const options = { headers: { connection: 'close' } };
  if (httpVersion === '1.0')
    throw new HttpError('BAD_REQUEST', 'A request of HTTP/1.0 has no header Transfer-Encoding.', options);
  if (coding.toLowerCase() === 'chunked') return;
  const found = JSON.stringify(coding.slice(0, 100));
  const message = `The only Transfer-Encoding that is read is chunked, and this request has ${found}.`;
  throw new HttpError('BAD_REQUEST', message, { ...options, status: 501 });
}

function countOf(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((text, n) => n % 2 === 0 && text.toLowerCase() === name).length;
}
