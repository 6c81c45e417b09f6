/** The contexts of the server: one for the service, one for each listener, and one for each operation. */
import type { ExecutionResult } from 'graphql';
import type { YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Caller } from '../access/caller.ts';
import type { CounterMetrics } from '../metrics/counter-metrics.ts';
import type { ConnectionQuota } from '../limits/connection-quota.ts';
import type { ValueBudget } from '../limits/value-budget.ts';
import type { HealthReport, ServiceHealth } from '../metrics/service-health.ts';
import type { Allow, AllowedOperation } from './allowlist.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { HostRule } from './auth/host.ts';
import type { Identified } from './auth/identity.ts';
import type { TrustedProxies } from './auth/remote-address.ts';
import type { CallerBudgets } from './caller-budgets.ts';
import type { DocumentStore } from './document-store.ts';
import type { ConnectionLimits, Heartbeat } from './heartbeat.ts';
import type { Dashboard } from './http/dashboard.ts';
import type { Graphiql } from './http/graphiql.ts';
import type { NotReady } from './http/readiness.ts';
import type { WriteBatcher } from './http/write-batcher.ts';
import type { ReadOperation } from './operation-reader.ts';
import type { Refusals } from './refusals.ts';
import type { WriteCoalescer } from './sse/write-coalescer.ts';

/** The state that all listeners of a service share. */
export interface ServerContext {
  readonly yoga: YogaServerInstance<YogaContext, Record<string, unknown>>;
  /** Whether the operator has added plugins that may replace a Response. */
  readonly hasActivePlugins: boolean;
  readonly allow: Allow;
  readonly readOperation: ReadOperation;
  readonly documents: DocumentStore;
  /** The content of /metrics; null if it is not served. */
  readonly metrics: ServedMetrics | null;
  /** Counts the activity of the server; null if nothing is counted. */
  readonly health: ServiceHealth | null;
  /** Writes a line of the audit trail, JSON with a trailing newline, and never throws; null for no trail. */
  readonly audit: ((line: string) => void) | null;
  readonly budgets: CallerBudgets;
  readonly connectionQuota: ConnectionQuota;
  /** Determines the client address of a request. */
  readonly proxies: TrustedProxies;
  readonly refusals: Refusals;
  readonly checkReady: () => Promise<NotReady>;
  readonly writeBatcher: WriteBatcher;
  readonly writeCoalescer: WriteCoalescer;
  readonly heartbeat: Heartbeat;
  readonly limits: ConnectionLimits;
  /** The time limit for a WebSocket client to send its credentials. */
  readonly initMilliseconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The content of /metrics. */
export interface ServedMetrics {
  /** null for a service without counters of its own, which serves only its health. */
  readonly counters: CounterMetrics | null;
  /** The callers that may read the health if there are no counters. @default the root partition */
  readonly mayReadHealth?: (caller: Caller) => boolean;
  /** The health of the whole service, for the root partition; null if nothing is counted. */
  readonly health: (() => Promise<HealthReport>) | null;
}

/** The state of one listener. */
export interface ListenerContext {
  readonly authenticate: Authenticator;
  /** null if GraphiQL is not served. */
  readonly graphiql: Graphiql | null;
  /** null if the dashboard is not served. */
  readonly dashboard: Dashboard | null;
  /** The accepted names in the Host header; null for any. */
  readonly hosts: HostRule | null;
  /** Origins of pages that may send requests, in addition to its own. */
  readonly allowedOrigins: readonly string[];
  readonly streams: OpenStreams;
}

/** The contexts of a request before its operation is known. */
export interface Contexts {
  readonly server: ServerContext;
  readonly listener: ListenerContext;
}

/** Why the credentials of a caller are no longer valid, for the client and for the audit trail. */
export interface IdentityEnd {
  readonly message: string;
  readonly end: 'expired' | 'revoked';
}

/** How a listener closes. */
export interface ListenerEnd {
  /**
   * Whether another process replaces it. Then connections are closed without completing subscriptions, so that clients
   * reconnect. Otherwise subscriptions are completed.
   */
  readonly mayResume: boolean;
}

/** An event stream, or a WebSocket. */
export interface OpenStream {
  end(end: ListenerEnd): void;
  /** Ends immediately if the caller's credential has been revoked. */
  checkCredential(): void;
}

/** The event streams and WebSockets of a listener, which end before its connections. */
export class OpenStreams {
  readonly #open = new Set<OpenStream>();
  #ending: ListenerEnd | null = null;

  get isClosing(): boolean {
    return this.#ending !== null;
  }

  /** Adds a stream; once the listener closes, the stream ends at once. */
  add(stream: OpenStream): void {
    this.#open.add(stream);
    if (this.#ending !== null) stream.end(this.#ending);
  }

  /** Returns false if the stream was not registered. */
  delete(stream: OpenStream): boolean {
    return this.#open.delete(stream);
  }

  endAll(end: ListenerEnd): void {
    this.#ending = end;
    for (const stream of this.#open) stream.end(end);
  }

  /** Ends the streams whose credentials have been revoked. */
  checkCredentials(): void {
    for (const stream of this.#open) stream.checkCredential();
  }
}

/** The caller of a request. */
export interface Requester extends Identified {
  readonly budget: ValueBudget;
  /** When its operation started, by `performance.now()`; null before that, and absent if the transport does not read the clock. */
  readonly takenAt?: number | null;
  /** Aborted when the client disconnects. Created on first use, so `{ ...requester }` lacks it. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Whether the operation waits for a second reading of objects that have just appeared. @default true */
  readonly waitsForNew?: boolean;
  /** Called before the operation waits for a second reading, with the maximum waiting time. */
  readonly onSecondReading?: (milliseconds: number) => void;
}

/** One operation on any transport: its caller, and its state in the pipeline. */
export interface RequestContext extends Requester {
  readonly server: ServerContext;
  /** When the request began, by `performance.now()`. */
  readonly startedAt: number;
  /** The client's address; null for a guest socket and for a closed connection. */
  readonly address: string | null;
  readonly transport: 'POST' | 'GET' | 'SSE' | 'WebSocket' | 'NATS' | 'metrics';
  /** Whether the response may be events; if not, subscriptions are refused. */
  readonly takesEvents: boolean;
  /** null until the allowlist has allowed it, and again once events have started: long-lived streams do not need it. */
  operation: AllowedOperation | null;
  /** The name of the operation, chosen by the client at any length; null if it has none. */
  operationName: string | null;
  /** Set when the document is parsed. */
  document: ReturnType<DocumentStore['prepare']> | null;
  /** Events of a started subscription, until the transport takes them over. */
  events: AsyncIterator<ExecutionResult> | null;
  /** Called before the operation runs. An event stream starts then, so that heartbeats keep the connection open. */
  onStart(operation: { readonly isSubscription: boolean }): void;
}

/** The key that hvql adds to Yoga's context. */
export interface YogaContext extends Record<string, unknown> {
  readonly hvql: RequestContext;
}

/** The request in Yoga's context. Throws without one, because a transport has then skipped its checks. */
export function requestOf(context: unknown): RequestContext {
  const { hvql } = context as Partial<YogaContext>;
  if (hvql === undefined) throw new TypeError('An operation came without its request context');
  return hvql;
}
