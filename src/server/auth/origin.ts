/**
 * Which pages may ask, and read what is answered. A browser sends requests for any page, with the client certificate
 * of whoever sits before it, and leaves it to the service to look at where they come from.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from '../http/http-error.ts';

/**
 * Throws an HttpError where a browser asks for a page of another origin that is not on the list. Who says nothing of
 * where it comes from is no browser, and could say anything.
 */
export function checkOrigin(request: IncomingMessage, allowedOrigins: readonly string[]): void {
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site === undefined && origin === undefined) return;
  if (isListed(request, allowedOrigins)) return;
  // What the browser knows, it knows better: behind a proxy the service goes by another name here than there.
  const isOwn =
    site === undefined
      ? origin === undefined || namesOwnHost(origin, request.headers.host)
      : site === 'same-origin' || site === 'none';
  if (isOwn) return;
  throw new HttpError(
    'FOREIGN_ORIGIN',
    'Pages of this origin, and of those that --allowed-origins lists, may ask here; this request comes from another.',
  );
}

/** Lets pages of listed origins read the answer. Without a list no answer has such a header. */
export function shareWithOrigin(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  allowedOrigins: readonly string[],
): void {
  if (allowedOrigins.length === 0) return;
  response.setHeader('vary', 'origin');
  if (!isListed(request, allowedOrigins)) return;
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '');
  response.setHeader('access-control-expose-headers', 'x-request-id');
  response.setHeader('cross-origin-resource-policy', 'cross-origin');
}

/** Whether a request only asks for leave to send another one (Fetch, 3.3.2: CORS-preflight request). */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Answers a preflight of a listed origin; throws an HttpError for any other. */
export function answerPreflight(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  allowedOrigins: readonly string[],
): void {
  if (!isListed(request, allowedOrigins)) {
    throw new HttpError(
      'FOREIGN_ORIGIN',
      'Pages of this origin may not ask here: --allowed-origins does not list it.',
    );
  }
  // No credentials: a token stands in a header that the page sets itself.
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '600',
    'cache-control': 'no-store',
  });
  response.end();
}

function isListed({ headers }: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const given = parseAddress(headers.origin ?? '');
  return given !== null && allowedOrigins.some((allowed) => parseAddress(allowed)?.origin === given.origin);
}

function namesOwnHost(origin: string, host: string | undefined): boolean {
  const given = parseAddress(origin);
  return given !== null && given.host === parseAddress(`${given.protocol}//${host ?? ''}`)?.host;
}

/** The address in one spelling: small letters, no port where it is the scheme's own. */
function parseAddress(text: string): URL | null {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text);
}
