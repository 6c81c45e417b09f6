/** The audit trail: a line for each read that was denied, and for each stream that was opened and closed. */
import type { ExecutionResult, GraphQLError } from 'graphql';
import { denialsByKey, denialsOf, type Denial } from './audit-denial.ts';
import type { RequestContext } from './request-context.ts';

/** Where the trail goes. */
export interface AuditWorld {
  /** Takes a line of JSON, with the newline at its end. Never throws. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Why a stream was closed. client: the client ended it, went away or broke the protocol. complete: it came to its end
 * by itself. expired: its identity did. service: the service ends, or could not write an event. stalled: the client
 * took nothing and was cut.
 */
export type StreamEnd = 'client' | 'complete' | 'expired' | 'service' | 'stalled';

/** The longest name that is told: callers choose it, at any length. */
const nameLimit = 100;

type Line =
  | ({ readonly event: 'denied' } & Denial)
  | { readonly event: 'opened' }
  | {
      readonly event: 'closed';
      readonly events: number;
      readonly seconds: number;
      readonly reason: StreamEnd;
    };

/** The operation that lines of the trail are about. */
export type AuditedRequest = Pick<RequestContext, 'caller' | 'by' | 'transport' | 'operation' | 'requestId'>;

/** What the trail is told of one operation. Neither variables nor the document are in it. */
export class OperationAudit {
  /** The name of the operation that runs; null where it has none, or nothing ran. */
  operationName: string | null = null;
  readonly #request: AuditedRequest;
  readonly #world: AuditWorld;
  /** Known from the first line on: a stream lets go of its operation once it has been opened. */
  #documentId: string | null = null;

  constructor(request: AuditedRequest, world: AuditWorld) {
    this.#request = request;
    this.#world = world;
  }

  /** Tells of the reads that a result was denied, each time that they are. */
  denied(errors: readonly GraphQLError[]): void {
    for (const denial of denialsOf(errors)) this.tell({ event: 'denied', ...denial });
  }

  /** Tells that a stream was opened; what becomes of it is told to what this gives. */
  opened(): StreamAudit {
    this.tell({ event: 'opened' });
    return new StreamAudit(this, this.#world.now);
  }

  tell({ event, ...facts }: Line): void {
    const { caller, by, transport, operation, requestId } = this.#request;
    this.#documentId ??= operation?.documentId ?? null;
    const line = {
      time: new Date(this.#world.now()).toISOString(),
      event,
      caller: caller.partitionId.toString(),
      by,
      way: transport,
      operation: this.operationName?.slice(0, nameLimit) ?? null,
      documentId: this.#documentId,
      ...facts,
      requestId,
    };
    this.#world.write(`${JSON.stringify(line)}\n`);
  }
}

const nothing: ReadonlyMap<string, Denial> = new Map();

/** What the trail is told of one stream. After its end nothing more is. */
export class StreamAudit {
  readonly #call: OperationAudit;
  readonly #now: () => number;
  readonly #openedAt: number;
  #events = 0;
  /** The denied reads of the event before: what stands in one event after another is told once. */
  #standing = nothing;
  #isClosed = false;

  constructor(call: OperationAudit, now: () => number) {
    this.#call = call;
    this.#now = now;
    this.#openedAt = now();
  }

  /** An event leaves. */
  sent({ errors }: ExecutionResult): void {
    if (this.#isClosed) return;
    this.#events += 1;
    const before = this.#standing;
    this.#standing = errors === undefined ? nothing : denialsByKey(errors);
    for (const [key, denial] of this.#standing) {
      if (!before.has(key)) this.#call.tell({ event: 'denied', ...denial });
    }
  }

  /** The stream is over; the first reason counts. */
  closed(reason: StreamEnd): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#standing = nothing;
    // The clock may have been set back meanwhile.
    const seconds = Math.max(0, this.#now() - this.#openedAt) / 1_000;
    this.#call.tell({ event: 'closed', events: this.#events, seconds, reason });
  }
}
