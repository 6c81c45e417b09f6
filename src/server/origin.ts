/** Which pages may open a WebSocket. Browsers let any page do so, and leave it to the service to look at the Origin. */
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './http-problem.ts';

/**
 * Throws an HttpProblem where a browser asks for a page of another origin that is not on the list. Who sends no
 * Origin is no browser, and could send any.
 */
export function checkOrigin({ headers }: IncomingMessage, allowedOrigins: readonly string[]): void {
  const { origin, host } = headers;
  if (origin === undefined) return;
  const given = parseAddress(origin);
  if (given !== null && given.host === parseAddress(`${given.protocol}//${host ?? ''}`)?.host) return;
  if (given !== null && allowedOrigins.some((allowed) => parseAddress(allowed)?.origin === given.origin)) {
    return;
  }
  throw new HttpProblem(
    'WebSockets are opened to pages of this origin, and of those that the service is told to allow, only.',
    { status: 403, code: 'FOREIGN_ORIGIN' },
  );
}

/** The address in one spelling: small letters, no port where it is the scheme's own. */
function parseAddress(text: string): URL | null {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text);
}
