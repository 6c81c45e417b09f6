/** A fetch response goes out on a node socket. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

/** Sends the response. Resolves when all of it is handed over; rejects when the client goes away under way. */
export async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.statusCode = answer.status;
  answer.headers.forEach((value, name) => response.setHeader(name, value));
  if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-store');
  if (isStream(answer) && answer.body !== null) {
    await pipeline(Readable.from(answer.body as ReadableStream<Uint8Array>), response);
    return;
  }
  const body = Buffer.from(await answer.arrayBuffer());
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** Parts come one by one; all else is written whole. */
function isStream({ headers }: Response): boolean {
  return /^multipart\/mixed/.test(headers.get('content-type') ?? '');
}
