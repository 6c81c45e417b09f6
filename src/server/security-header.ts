/** Headers that tell browsers to be careful, whatever is answered. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

const always = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};
/** A year, in seconds: for so long browsers ask for nothing by plain HTTP (RFC 6797). */
const overTls = { ...always, 'strict-transport-security': 'max-age=31536000' };

/** The headers for an answer to a request. */
export function securityHeaders({ socket }: IncomingMessage): Readonly<Record<string, string>> {
  return socket instanceof TLSSocket ? overTls : always;
}

/** The same as node writes them at once: names and values in turn. */
export function flatSecurityHeaders(request: IncomingMessage): readonly string[] {
  return request.socket instanceof TLSSocket ? flatOverTls : flatAlways;
}

const flatAlways = Object.entries(always).flat();
const flatOverTls = Object.entries(overTls).flat();
