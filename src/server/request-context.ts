/** One operation on its way through the pipeline, whatever transport brought it. */
import type { ExecutionResult } from 'graphql';
import type { AllowedOperation } from './allowlist.ts';
import type { OperationAudit } from './audit.ts';
import type { DocumentStore } from './document-store.ts';
import type { Identified } from './auth/identity.ts';

/** How an operation comes and how its answer goes: whole by POST or GET, or as events. */
export type Transport = 'POST' | 'GET' | 'SSE' | 'WebSocket';

/** Who asks, and for how long the answer is wanted. */
export interface Requester extends Identified {
  /** Aborted once no client waits for the answer any more. Made on first use: `{ ...requester }` lacks it. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/** An operation that the allowlist has passed, who asks for it, and what the pipeline has made of it so far. */
export interface RequestContext extends Requester {
  readonly transport: Transport;
  /**
   * null before the allowlist has passed it, when nothing is parsed or run; and again once events have begun, which may
   * go on for long and need nothing of it.
   */
  operation: AllowedOperation | null;
  /** Whether the answer may be a stream of events; where not, subscriptions are refused. */
  readonly takesEvents: boolean;
  /** null where there is no audit trail. */
  readonly audit: OperationAudit | null;
  /** Set when the document is parsed. */
  document: ReturnType<DocumentStore['prepare']> | null;
  /** The events of a subscription that has started, until the transport takes them. */
  events: AsyncIterator<ExecutionResult> | null;
  /** Called with the name of the operation that is about to run, where it has one. */
  onOperation(name: string): void;
  /**
   * Called before the operation is run: an answer with events begins then, so that its client is kept alive meanwhile,
   * and the end of the service reaches a subscription that is still starting.
   */
  onStart(): void;
}

/** What hvql adds to Yoga's context: one key, since Yoga and its plugins put their own beside it. */
export interface YogaContext extends Record<string, unknown> {
  readonly hvql: RequestContext;
}

/**
 * The request behind a context of Yoga. Throws where there is none: then a transport has called the pipeline past its
 * own checks.
 */
export function requestOf(context: unknown): RequestContext {
  const { hvql } = context as Partial<YogaContext>;
  if (hvql === undefined) throw new TypeError('An operation came without its request context');
  return hvql;
}
