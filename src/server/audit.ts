/** The audit trail: a line for each read that was denied, and for each stream that was opened and closed. */
import type { ExecutionResult, GraphQLError } from 'graphql';
import { denialsByKey, denialsOf, type Denial } from './audit-denial.ts';
import type { Call } from './call.ts';

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

/** What the trail is told of a call; null where there is no trail, so that nothing is done for one. */
export function auditOf(call: Call, world: AuditWorld | null): CallAudit | null {
  return world === null ? null : new CallAudit(call, world);
}

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

/** What the trail is told of one call. Neither variables nor the document are in it. */
export class CallAudit {
  /** The name of the operation that runs; null where it has none, or nothing ran. */
  operationName: string | null = null;
  readonly #call: Call;
  readonly #world: AuditWorld;

  constructor(call: Call, world: AuditWorld) {
    this.#call = call;
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
    const { asker, way, operation } = this.#call;
    const line = {
      time: new Date(this.#world.now()).toISOString(),
      event,
      caller: asker.caller.partitionId.toString(),
      by: asker.by,
      way,
      operation: this.operationName?.slice(0, nameLimit) ?? null,
      documentId: operation.documentId,
      ...facts,
      requestId: asker.requestId,
    };
    this.#world.write(`${JSON.stringify(line)}\n`);
  }
}

const nothing: ReadonlyMap<string, Denial> = new Map();

/** What the trail is told of one stream. After its end nothing more is. */
export class StreamAudit {
  readonly #call: CallAudit;
  readonly #now: () => number;
  readonly #openedAt: number;
  #events = 0;
  /** The denied reads of the event before: what stands in one event after another is told once. */
  #standing = nothing;
  #isClosed = false;

  constructor(call: CallAudit, now: () => number) {
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
