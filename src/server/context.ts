/** What the parts of the server share: one context for the service, for each listener, and for each operation. */
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

/** What all listeners of a service share. */
export interface ServerContext {
  readonly yoga: YogaServerInstance<YogaContext, Record<string, unknown>>;
  /** Whether the operator has added plugins that may replace a Response. */
  readonly hasActivePlugins: boolean;
  readonly allow: Allow;
  readonly readOperation: ReadOperation;
  readonly documents: DocumentStore;
  /** What /metrics gives; null where it is not served. */
  readonly metrics: ServedMetrics | null;
  /** Counts what the server does; null where the service counts nothing. */
  readonly health: ServiceHealth | null;
  /** Takes a line of the audit trail, JSON with a newline at its end, and never throws; null for no trail. */
  readonly audit: ((line: string) => void) | null;
  readonly budgets: CallerBudgets;
  readonly connectionQuota: ConnectionQuota;
  /** Says which client a request is from. */
  readonly proxies: TrustedProxies;
  readonly refusals: Refusals;
  readonly checkReady: () => Promise<NotReady>;
  readonly writeBatcher: WriteBatcher;
  readonly writeCoalescer: WriteCoalescer;
  readonly heartbeat: Heartbeat;
  readonly limits: ConnectionLimits;
  /** How long a WebSocket's client may take to send its credentials. */
  readonly initMilliseconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What /metrics gives. */
export interface ServedMetrics {
  /** null for a service without counters of its own: it gives its health alone. */
  readonly counters: CounterMetrics | null;
  /** Who gets the health where there are no counters. @default the root partition */
  readonly mayReadHealth?: (caller: Caller) => boolean;
  /** The health of the whole service, for the root partition; null where nothing is counted. */
  readonly health: (() => Promise<HealthReport>) | null;
}

/** What differs from listener to listener. */
export interface ListenerContext {
  readonly authenticate: Authenticator;
  /** null where no page is served. */
  readonly graphiql: Graphiql | null;
  /** null where no dashboard is served. */
  readonly dashboard: Dashboard | null;
  /** The names that it answers to; null for any. */
  readonly hosts: HostRule | null;
  /** Origins of pages that may send requests, beside its own. */
  readonly allowedOrigins: readonly string[];
  readonly streams: OpenStreams;
}

/** The contexts of a request before its operation is known. */
export interface Contexts {
  readonly server: ServerContext;
  readonly listener: ListenerContext;
}

/** Why the identity of a caller no longer holds, for the client, and for the audit trail. */
export interface IdentityEnd {
  readonly message: string;
  readonly end: 'expired' | 'revoked';
}

/** How a listener ends. */
export interface ListenerEnd {
  /**
   * Whether another process takes its place: then connections end and subscriptions do not, so that clients connect
   * again. Otherwise subscriptions are completed.
   */
  readonly mayResume: boolean;
}

/** An event stream, or a WebSocket. */
export interface OpenStream {
  end(end: ListenerEnd): void;
  /** Ends at once where the caller's credential has been withdrawn. */
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

  /** Returns false where the stream was not there. */
  delete(stream: OpenStream): boolean {
    return this.#open.delete(stream);
  }

  endAll(end: ListenerEnd): void {
    this.#ending = end;
    for (const stream of this.#open) stream.end(end);
  }

  /** Ends those whose credentials have been withdrawn. */
  checkCredentials(): void {
    for (const stream of this.#open) stream.checkCredential();
  }
}

/** The caller of a request. */
export interface Requester extends Identified {
  readonly budget: ValueBudget;
  /** When its operation was taken, by `performance.now()`; null before, and left out where the transport does not read the clock. */
  readonly takenAt?: number | null;
  /** Aborted once the client has gone. Made on first use: `{ ...requester }` lacks it. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Whether the operation waits for a second reading of objects that have just appeared. @default true */
  readonly waitsForNew?: boolean;
  /** Called before the operation waits for a second reading, with the longest time that it waits. */
  readonly onSecondReading?: (milliseconds: number) => void;
}

/** One operation on any transport: its caller, and what the pipeline has made of it so far. */
export interface RequestContext extends Requester {
  readonly server: ServerContext;
  /** When the request began, by `performance.now()`. */
  readonly startedAt: number;
  /** The client's address; null for a guest socket, and for a connection that is gone. */
  readonly address: string | null;
  readonly transport: 'POST' | 'GET' | 'SSE' | 'WebSocket' | 'NATS' | 'metrics';
  /** Whether the response may be events; where not, subscriptions are refused. */
  readonly takesEvents: boolean;
  /** null before the allowlist has passed it, and again once events have begun, which may last and do not need it. */
  operation: AllowedOperation | null;
  /** The name of the operation that runs, which clients choose at any length; null where it has none. */
  operationName: string | null;
  /** Set when the document is parsed. */
  document: ReturnType<DocumentStore['prepare']> | null;
  /** Events of a started subscription, until the transport takes them. */
  events: AsyncIterator<ExecutionResult> | null;
  /** Called before the operation runs. An event stream begins then, so that its client is kept alive. */
  onStart(operation: { readonly isSubscription: boolean }): void;
}

/** What hvql adds to Yoga's context: one key, beside those of Yoga and its plugins. */
export interface YogaContext extends Record<string, unknown> {
  readonly hvql: RequestContext;
}

/** The request of Yoga's context. Throws without one: a transport has skipped its checks. */
export function requestOf(context: unknown): RequestContext {
  const { hvql } = context as Partial<YogaContext>;
  if (hvql === undefined) throw new TypeError('An operation came without its request context');
  return hvql;
}
