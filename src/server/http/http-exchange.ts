/** One HTTP request and its response. Its parts are created on demand, because there are tens of thousands per second. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { QuotaEntry } from '../../limits/connection-quota.ts';
import type { ValueBudget } from '../../limits/value-budget.ts';
import { noCredential, type Credential } from '../../revocation/credential.ts';
import type { WrittenData } from '../../writer/written-data.ts';
import type { Identified } from '../auth/identity.ts';
import type { Contexts, ListenerContext, Requester, ServerContext } from '../context.ts';
import { flatDataHeaders, securityHeaders } from './header.ts';

/** The caller before authentication, without rights. */
const unauthenticatedCaller: Caller = { partitionId: 0n, privileges: new Set() };

/** One request, its response and its caller. */
export class HttpExchange implements Requester {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: ServerContext;
  readonly listener: ListenerContext;
  readonly path: string;
  /** The query string, without its question mark. */
  readonly search: string;
  readonly requestId: string = randomUUID();
  readonly startedAt = performance.now();
  caller = unauthenticatedCaller;
  by: Identified['by'] = 'token';
  expiresAt: number | null = null;
  credential: Credential = noCredential;
  /** The operation name, chosen by the client at any length. */
  operationName: string | null = null;
  /** Why the request was refused, for the log. */
  problem: string | null = null;
  isEventStream = false;
  /** The entry of its connection, or of its client if a proxy forwards the request. */
  quotaEntry: QuotaEntry | null = null;
  /** The bytes of the response, released when it ends. */
  written: WrittenData | null = null;
  /** Whether the client was disconnected because it did not read. */
  isStalled = false;
  /** Starts the request if other responses of the connection come first; otherwise null. */
  begin: (() => void) | null = null;
  /** Whether the client has disconnected or the server has closed. */
  isGone = false;
  #address: string | null = null;
  #hasUsualHeaders = false;
  #abort: AbortController | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, { server, listener }: Contexts) {
    this.request = request;
    this.response = response;
    this.server = server;
    this.listener = listener;
    const address = request.url ?? '/';
    const queryAt = address.indexOf('?');
    this.path = queryAt === -1 ? address : address.slice(0, queryAt);
    this.search = queryAt === -1 ? '' : address.slice(queryAt + 1);
  }

  /** Aborted when the client disconnects or the server closes. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.isGone) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Called when the client disconnects or the server closes. */
  abort(): void {
    this.isGone = true;
    this.#abort?.abort();
  }

  /** The client's address, cached after the first read. */
  get address(): string | null {
    return (this.#address ??= this.server.proxies.clientOf(this.request));
  }

  /** The budget of its caller. */
  get budget(): ValueBudget {
    return this.server.budgets.of(this);
  }

  /** Fields for the log; the partition only if the caller is known. */
  get facts(): object {
    const partition =
      this.caller === unauthenticatedCaller ? {} : { partition: `${this.caller.partitionId}` };
    const operation = this.operationName === null ? {} : { operation: this.operationName.slice(0, 100) };
    const transport = this.isEventStream ? { transport: 'sse' } : {};
    const problem = this.problem === null ? {} : { problem: this.problem };
    return { requestId: this.requestId, ...transport, ...partition, ...operation, ...problem };
  }

  /** Sets the headers of all responses. If it is not called, `writeHead` writes the headers for data. */
  setUsualHeaders(): void {
    if (this.#hasUsualHeaders || this.response.headersSent) return;
    this.#hasUsualHeaders = true;
    this.response.setHeader('x-request-id', this.requestId);
    const headers = Object.entries(securityHeaders(this.request));
    for (const [name, value] of headers) this.response.setHeader(name, value);
  }

  /** Writes the head of a response with data. The headers are alternating names and values, to which others are added. */
  writeHead(status: number, headers: string[]): void {
    if (!this.#hasUsualHeaders)
      headers.push('x-request-id', this.requestId, ...flatDataHeaders(this.request));
    this.response.writeHead(status, headers);
  }
}
