/** What the parts of the server share: one context for the service, one for each listener. */
import type { Logger } from 'pino';
import type { Allow } from './allowlist.ts';
import type { AuditWorld } from './audit.ts';
import type { DocumentStore } from './document-store.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { EventStreams } from './sse/event-stream.ts';
import type { WriteCoalescer } from './sse/write-coalescer.ts';
import type { Graphiql } from './http/graphiql.ts';
import type { HostRule } from './auth/host.ts';
import type { HotPath } from './hot-path/hot-path.ts';
import type { ReadOperation } from './operation-reader.ts';
import type { WriteBatcher } from './write-batcher.ts';
import type { ConnectionLimits } from './http/stall-detector.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { NotReady } from './http/readiness.ts';
import type { RunOperation, Yoga } from './yoga.ts';

/** One of each for a service, whatever listener a request comes by. */
export interface ServerContext {
  readonly yoga: Yoga;
  /** null where every request goes through Yoga. */
  readonly hotPath: HotPath | null;
  /** Whether the operator has added plugins that may replace a Response. */
  readonly hasActivePlugins: boolean;
  /** Runs operations that do not come by HTTP. */
  readonly run: RunOperation;
  readonly allow: Allow;
  readonly readOperation: ReadOperation;
  readonly documents: DocumentStore;
  /** null where there is no audit trail. */
  readonly auditWorld: AuditWorld | null;
  readonly checkReady: () => Promise<NotReady>;
  readonly writeBatcher: WriteBatcher;
  readonly writeCoalescer: WriteCoalescer;
  readonly heartbeat: Heartbeat;
  readonly limits: ConnectionLimits;
  /** How long a client may take over its WebSocket until it has given its credentials. */
  readonly initMilliseconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What differs from listener to listener. */
export interface ListenerOptions {
  readonly authenticate: Authenticator;
  /** null where no page is served. */
  readonly graphiql: Graphiql | null;
  /** The names that it answers to; null for any. */
  readonly hosts: HostRule | null;
  /** Origins of pages that may ask, beside its own. */
  readonly allowedOrigins: readonly string[];
}

/** A listener and the event streams that are open on it. */
export interface ListenerContext extends ListenerOptions {
  readonly eventStreams: EventStreams;
}

/** How a listener ends. */
export interface ListenerEnd {
  /**
   * Whether another process takes its place: then connections end, and subscriptions do not, so that clients come back
   * for more. Else subscriptions are completed.
   */
  readonly mayResume: boolean;
}
