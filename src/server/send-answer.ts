/** An answer goes out on a node socket. */
import type { MediaType } from './accept.ts';
import type { Exchange } from './exchange.ts';
import type { Answer } from './graphql-endpoint.ts';
import type { Outbox } from './outbox.ts';
import { resultBytes } from './result-bytes.ts';
import { flatDataHeaders } from './security-header.ts';
import { writtenDataOf } from '../writer/written-data.ts';

/** What is sent as the answer of an exchange. */
export interface SentAnswer extends Answer {
  readonly mediaType: MediaType;
}

/** Sends the answer at the end of the turn, head and body at once. Its bytes are let go of when it, or its client, has gone. */
export function sendAnswer(exchange: Exchange, answer: SentAnswer, outbox: Outbox): void {
  const written = writtenDataOf(answer.result);
  if (exchange.isGone) {
    written?.release();
    return;
  }
  exchange.written = written;
  const bytes = resultBytes(answer.result);
  outbox.put({ send: () => write(exchange, answer, bytes), sizeInBytes: bytes.length });
}

function write(exchange: Exchange, { status, mediaType }: SentAnswer, bytes: Buffer): void {
  // Its bytes were let go of with the client.
  if (exchange.isGone) return;
  const { response, requestId, request } = exchange;
  const headers = [
    'content-type',
    contentTypes[mediaType],
    'content-length',
    String(bytes.length),
    'cache-control',
    'no-store',
  ];
  if (!exchange.hasUsualHeaders) headers.push('x-request-id', requestId, ...flatDataHeaders(request));
  response.writeHead(status, headers);
  response.end(bytes);
}

const contentTypes = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
} as const satisfies Record<MediaType, string>;
