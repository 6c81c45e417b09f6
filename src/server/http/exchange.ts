/** One request and what becomes of it: what is not asked for is not made, as there are tens of thousands a second. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { WrittenData } from '../../writer/written-data.ts';
import { securityHeaders } from './security-header.ts';

/** One request, its answer, and what is known of both. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** The address behind its question mark; empty where there is none. */
  readonly search: string;
  readonly requestId: string = randomUUID();
  /** Who asks; null while that is not known. */
  caller: Caller | null = null;
  /** The bytes that the answer is made of, which are let go of at its end. */
  written: WrittenData | null = null;
  /** Whether who writes the answer sees to it that the client takes it. */
  isWatched = false;
  /** Begins to work for the answer, where requests ahead of it on the connection are answered first; else null. */
  begin: ((exchange: Exchange) => void) | null = null;
  #facts: Record<string, unknown> | null = null;
  #gone: AbortController | null = null;
  #isGone = false;
  #hasUsualHeaders = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    const address = request.url ?? '/';
    const queryAt = address.indexOf('?');
    this.path = queryAt === -1 ? address : address.slice(0, queryAt);
    this.search = queryAt === -1 ? '' : address.slice(queryAt + 1);
  }

  /** What the log says of it beside the usual. */
  get facts(): Record<string, unknown> {
    this.#facts ??= {};
    return this.#facts;
  }

  /** Aborted when the client goes away, or the server. Made when it is asked for. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#isGone) this.#gone.abort();
    return this.#gone.signal;
  }

  /** Whether nobody waits for the answer any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Tells whoever works on the answer that nobody waits for it any more. */
  abort(): void {
    this.#isGone = true;
    this.#gone?.abort();
  }

  /** Sets the headers that all answers have, where they are not set yet. Whoever does not call it writes them itself. */
  setUsualHeaders(): void {
    if (this.#hasUsualHeaders || this.response.headersSent) return;
    this.#hasUsualHeaders = true;
    this.response.setHeader('x-request-id', this.requestId);
    const headers = securityHeaders(this.request);
    for (const name in headers) this.response.setHeader(name, headers[name] ?? '');
  }

  /** Whether some headers of the answer are set already, which must not be written again. */
  get hasUsualHeaders(): boolean {
    return this.#hasUsualHeaders;
  }
}
