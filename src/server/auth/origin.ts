/**
 * Decides which web pages may send requests and read the responses. A browser sends requests for any page, with its user's
 * client certificate, and leaves it to the service to check the origin.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from '../http/http-error.ts';

/** A request, and the response whose headers are set. */
interface Exchanged {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Throws an HttpError for a browser's request from a page of another origin that is not listed. A client without an
 * Origin header is not a browser, and could send any origin.
 */
export function checkOrigin(request: IncomingMessage, allowedOrigins: readonly string[]): void {
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site === undefined && origin === undefined) return;
  if (isListed(request, allowedOrigins)) return;
  // Sec-Fetch-Site first: behind a proxy, the browser knows the service by another name than the Host header has.
  const isOwn =
    site === undefined
      ? origin === undefined || namesOwnHost(origin, request.headers.host)
      : site === 'same-origin' || site === 'none';
  if (isOwn) return;
  throw new HttpError(
    'FOREIGN_ORIGIN',
    'Only pages of this origin or of an origin in --allowed-origins may send requests, and this page has another origin.',
  );
}

/** Lets pages of listed origins read the response. Without a list it sets no header. */
export function shareWithOrigin({ request, response }: Exchanged, allowedOrigins: readonly string[]): void {
  if (allowedOrigins.length === 0) return;
  response.setHeader('vary', 'origin');
  if (!isListed(request, allowedOrigins)) return;
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '');
  response.setHeader('access-control-expose-headers', 'x-request-id');
  response.setHeader('cross-origin-resource-policy', 'cross-origin');
}

/** Whether this is a CORS-preflight request (Fetch, 3.3.2). */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  const { origin, 'access-control-request-method': requested } = headers;
  return method === 'OPTIONS' && origin !== undefined && requested !== undefined;
}

/** Answers the preflight of a listed origin, which may send any header; throws an HttpError for any other. */
export function answerPreflight({ request, response }: Exchanged, allowedOrigins: readonly string[]): void {
  if (!isListed(request, allowedOrigins)) {
    throw new HttpError(
      'FOREIGN_ORIGIN',
      'Pages of this origin may not send requests: --allowed-origins does not list it.',
    );
  }
  // No credentials: a page sets the header with its token itself.
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': allowedHeaders(request).join(', '),
    'access-control-max-age': '600',
    vary: 'Origin, Access-Control-Request-Headers',
    'cache-control': 'no-store',
  });
  response.end();
}

const usualHeaders = ['authorization', 'content-type'];
const requestedHeadersLimit = { names: 64, characters: 4_096 };
/** RFC 9110, 5.6.2. */
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The valid header names in the preflight; the usual ones if it has none or too many. */
function allowedHeaders({ headers }: IncomingMessage): readonly string[] {
  const requested = headers['access-control-request-headers'] ?? '';
  if (requested === '' || requested.length > requestedHeadersLimit.characters) return usualHeaders;
  const names = requested.split(',').map((name) => name.trim());
  if (names.length > requestedHeadersLimit.names) return usualHeaders;
  // An asterisk alone would stand for all names (Fetch, 3.3.5).
  return names.filter((name) => tokenPattern.test(name) && name !== '*');
}

function isListed({ headers }: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const given = parseAddress(headers.origin ?? '');
  return given !== null && allowedOrigins.some((allowed) => parseAddress(allowed)?.origin === given.origin);
}

function namesOwnHost(origin: string, host: string | undefined): boolean {
  const given = parseAddress(origin);
  return given !== null && given.host === parseAddress(`${given.protocol}//${host ?? ''}`)?.host;
}

/** The address as the URL parser writes it: lower case, without the default port of its scheme. */
function parseAddress(text: string): URL | null {
  return /^https?:/i.test(text) && URL.canParse(text) ? new URL(text) : null;
}
