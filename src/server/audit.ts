/** The audit trail: a line for each denied read, and for each stream that was opened and closed. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { AccessDenied, type DeniedObject } from '../access/rule.ts';
import { excerpt } from '../lib/json.ts';
import type { RequestContext } from './context.ts';

/**
 * Why a stream was closed. client: the client ended it, disconnected or broke the protocol. complete: it ended by itself.
 * expired: its identity did. revoked: the identity was withdrawn. service: the service closes, or could not write an event. stalled: the client took nothing.
 */
export type StreamEnd = 'client' | 'complete' | 'expired' | 'revoked' | 'service' | 'stalled';

/** Clients choose the length of names, and of paths by their aliases. */
const nameLimit = 100;
const pathLimit = 300;

/** One denied read. */
export interface Denial {
  /** "hypervisor", "logical-processor 3", "logical-processors", "partition 9", "virtual-processor 9/0", or "schema". */
  readonly object: string;
  /** The path in the response, "hypervisor.partitions.0.parent"; null where nothing ran. */
  readonly path: string | null;
  /** `extensions.reason`. */
  readonly reason: string | null;
}

type Line =
  | ({ readonly event: 'denied' } & Denial)
  | { readonly event: 'opened' }
  | {
      readonly event: 'closed';
      readonly events: number;
      readonly seconds: number;
      readonly reason: StreamEnd;
    };

/** Writes each denied read among the errors of a result. */
export function auditDenied(request: RequestContext, errors: readonly GraphQLError[]): void {
  if (request.server.audit === null) return;
  const documentId = request.operation?.documentId ?? null;
  for (const denial of denialsOf(errors)) writeLine(request, documentId, { event: 'denied', ...denial });
}

/** A line has neither variables nor the document. */
function writeLine(request: RequestContext, documentId: string | null, { event, ...facts }: Line): void {
  const { caller, by, transport, operationName, requestId, server } = request;
  const line = {
    time: new Date(server.now()).toISOString(),
    event,
    caller: caller.partitionId.toString(),
    by,
    way: transport,
    operation: operationName?.slice(0, nameLimit) ?? null,
    documentId,
    ...facts,
    requestId,
  };
  server.audit?.(`${JSON.stringify(line)}\n`);
}

const nothing: ReadonlyMap<string, Denial> = new Map();

/** The trail of one stream, from its first line to its end. */
export class StreamAudit {
  readonly #request: RequestContext;
  /** The request drops its operation once the stream is open. */
  readonly #documentId: string | null;
  readonly #openedAt: number;
  #events = 0;
  /** The denied reads of the last event: one that is in many events is written once. */
  #standing = nothing;
  #isClosed = false;

  constructor(request: RequestContext) {
    this.#request = request;
    this.#documentId = request.operation?.documentId ?? null;
    this.#openedAt = request.server.now();
    this.#write({ event: 'opened' });
  }

  /** An event is sent. */
  sent({ errors }: ExecutionResult): void {
    if (this.#isClosed) return;
    this.#events += 1;
    const before = this.#standing;
    this.#standing = errors === undefined ? nothing : denialsByKey(errors);
    for (const [key, denial] of this.#standing) {
      if (!before.has(key)) this.#write({ event: 'denied', ...denial });
    }
  }

  /** The stream is over; the first reason counts. */
  closed(reason: StreamEnd): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#standing = nothing;
    // The clock may have been set back meanwhile.
    const seconds = Math.max(0, this.#request.server.now() - this.#openedAt) / 1_000;
    this.#write({ event: 'closed', events: this.#events, seconds, reason });
  }

  #write(line: Line): void {
    writeLine(this.#request, this.#documentId, line);
  }
}

/** The denied reads among the errors of a result. */
export function denialsOf(errors: readonly GraphQLError[]): readonly Denial[] {
  return errors
    .filter(({ extensions }) => extensions['code'] === 'ACCESS_DENIED')
    .map((error) => {
      const { path, extensions } = error;
      const { reason } = extensions;
      return {
        object: nameOf(objectOf(error)),
        path: path === undefined ? null : excerpt(path.join('.'), pathLimit),
        reason: typeof reason === 'string' ? reason : null,
      };
    });
}

/** By errors: one event goes to many streams. */
const denialsOfErrors = new WeakMap<readonly GraphQLError[], ReadonlyMap<string, Denial>>();

function denialsByKey(errors: readonly GraphQLError[]): ReadonlyMap<string, Denial> {
  let denials = denialsOfErrors.get(errors);
  if (denials === undefined) {
    denials = new Map(denialsOf(errors).map((denial) => [JSON.stringify(denial), denial]));
    denialsOfErrors.set(errors, denials);
  }
  return denials;
}

/** The object of a denied read; null for the schema, which has no access rules. */
function objectOf(error: GraphQLError): DeniedObject | null {
  let root: Error | undefined = error;
  while (root instanceof GraphQLError) root = root.originalError;
  return root instanceof AccessDenied ? root.object : null;
}

function nameOf(object: DeniedObject | null): string {
  switch (object?.object) {
    case undefined:
      return 'schema';
    case 'HYPERVISOR':
      return 'hypervisor';
    case 'LOGICAL_PROCESSOR':
      return object.index === 'all' ? 'logical-processors' : `logical-processor ${object.index}`;
    case 'PARTITION':
      return `partition ${object.partitionId}`;
    case 'VIRTUAL_PROCESSOR':
      return `virtual-processor ${object.partitionId}/${object.index}`;
  }
}
