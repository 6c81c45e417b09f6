/** One operation on its way through the pipeline, whatever transport brought it. */
import type { ExecutionResult } from 'graphql';
import type { AllowedOperation } from './allowlist.ts';
import type { OperationAudit } from './audit.ts';
import type { DocumentStore } from './document-store.ts';
import type { Identified } from './auth/identity.ts';

export type Transport = 'POST' | 'GET' | 'SSE' | 'WebSocket';

/** The caller of a request. */
export interface Requester extends Identified {
  /** Aborted once the client has gone. Made on first use: `{ ...requester }` lacks it. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/** One operation: its caller, its transport, and what the pipeline has made of it so far. */
export interface RequestContext extends Requester {
  readonly transport: Transport;
  /** null before the allowlist has passed it, and again once events have begun, which may last and do not need it. */
  operation: AllowedOperation | null;
  /** Whether the response may be events; where not, subscriptions are refused. */
  readonly takesEvents: boolean;
  /** null where there is no audit trail. */
  readonly audit: OperationAudit | null;
  /** Set when the document is parsed. */
  document: ReturnType<DocumentStore['prepare']> | null;
  /** Events of a started subscription, until the transport takes them. */
  events: AsyncIterator<ExecutionResult> | null;
  /** Called with the name of the operation that runs, where it has one. */
  onOperation(name: string): void;
  /**
   * Called before the operation runs. An event stream begins then, so that its client is kept alive, and the end of the
   * service reaches a subscription that is starting.
   */
  onStart(): void;
}

/** What hvql adds to Yoga's context: one key, beside those of Yoga and its plugins. */
export interface YogaContext extends Record<string, unknown> {
  readonly hvql: RequestContext;
}

/** The request of a context of Yoga. Throws where there is none: a transport has passed by its own checks. */
export function requestOf(context: unknown): RequestContext {
  const { hvql } = context as Partial<YogaContext>;
  if (hvql === undefined) throw new TypeError('An operation came without its request context');
  return hvql;
}
