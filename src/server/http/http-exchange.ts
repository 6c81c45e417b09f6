/** One request and its response. What is not used is not made: there are tens of thousands a second. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { WrittenData } from '../../writer/written-data.ts';
import { securityHeaders } from './security-header.ts';

/** One request, its response, and what is known of both. */
export class HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** The query string, without its question mark. */
  readonly search: string;
  readonly requestId: string = randomUUID();
  /** null before authentication. */
  caller: Caller | null = null;
  /** The bytes of the response, which are released at its end. */
  written: WrittenData | null = null;
  /** Whether the client was cut because it took nothing. */
  isStalled = false;
  /** Begins the work, where other responses of the connection come first; else null. */
  begin: ((exchange: HttpExchange) => void) | null = null;
  /** Whether the client, or the server, has gone. */
  isGone = false;
  /** Whether `setUsualHeaders` has set headers; they must not be written again. */
  hasUsualHeaders = false;
  #facts: Record<string, unknown> | null = null;
  #abort: AbortController | null = null;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    const address = request.url ?? '/';
    const queryAt = address.indexOf('?');
    this.path = queryAt === -1 ? address : address.slice(0, queryAt);
    this.search = queryAt === -1 ? '' : address.slice(queryAt + 1);
  }

  /** Further facts for the log. */
  get facts(): Record<string, unknown> {
    this.#facts ??= {};
    return this.#facts;
  }

  /** Aborted when the client, or the server, goes. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.isGone) this.#abort.abort();
    return this.#abort.signal;
  }

  /** The client, or the server, goes. */
  abort(): void {
    this.isGone = true;
    this.#abort?.abort();
  }

  /** Sets the headers of all responses. Where it is not called, they are written with the head. */
  setUsualHeaders(): void {
    if (this.hasUsualHeaders || this.response.headersSent) return;
    this.hasUsualHeaders = true;
    this.response.setHeader('x-request-id', this.requestId);
    const headers = Object.entries(securityHeaders(this.request));
    for (const [name, value] of headers) this.response.setHeader(name, value);
  }
}
