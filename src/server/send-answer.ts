/** An answer goes out on a node socket. */
import type { MediaType } from './accept.ts';
import type { Exchange } from './exchange.ts';
import type { Answer } from './graphql-endpoint.ts';
import { resultBytes } from './result-bytes.ts';
import { flatSecurityHeaders } from './security-header.ts';
import { writtenDataOf } from '../writer/written-data.ts';

/** Sends the answer, head and body at once. Its bytes are let go of when it has gone, or its client has. */
export function sendAnswer(exchange: Exchange, { status, result }: Answer, mediaType: MediaType): void {
  const { response, requestId } = exchange;
  const written = writtenDataOf(result);
  if (exchange.isGone) {
    written?.release();
    return;
  }
  exchange.written = written;
  const bytes = resultBytes(result);
  const headers = [
    'content-type',
    contentTypes[mediaType],
    'content-length',
    String(bytes.length),
    'cache-control',
    'no-store',
  ];
  if (!exchange.hasUsualHeaders) {
    headers.push('x-request-id', requestId, ...flatSecurityHeaders(exchange.request));
  }
  response.writeHead(status, headers);
  response.end(bytes);
}

const contentTypes = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
} as const satisfies Record<MediaType, string>;
