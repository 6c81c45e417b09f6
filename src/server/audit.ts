/** The audit trail: a line for each denied read and for each stream that was opened and closed, and what was refused. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { AccessDenied, type DeniedObject } from '../access/rule.ts';
import { excerpt } from '../lib/json.ts';
import { noCredential } from '../revocation/credential.ts';
import type { RequestContext } from './context.ts';
import { isRecorded } from './refusals.ts';

/**
 * Why a stream was closed. client: the client ended it, disconnected or broke the protocol. complete: it ended by itself.
 * expired: its identity did. revoked: the identity was withdrawn. service: the service closes, or could not write an event. stalled: the client took nothing.
 */
export type StreamEnd = 'client' | 'complete' | 'expired' | 'revoked' | 'service' | 'stalled';

/** Clients choose the length of names, and of paths by their aliases. */
const nameLimit = 100;
const pathLimit = 300;
/** Issuers choose the length of subjects and ids of tokens. */
const identityLimit = 200;

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

/** What is audited of an error: one of a result, or a refusal of the request. */
type AuditedError = Pick<GraphQLError, 'message' | 'extensions'>;

/** Records what was refused among the errors of a result, or of a request whose caller may be unknown. */
export function auditRefusals(request: RequestContext, errors: readonly AuditedError[]): void {
  const { server } = request;
  for (const { message, extensions } of errors) {
    // There may be thousands of other errors.
    if (!isRecorded(extensions['code'])) continue;
    const facts = { ...identityOf(request), ...operationOf(request), requestId: request.requestId };
    const caller = isKnown(request) ? request.caller.partitionId.toString() : null;
    server.refusals.add({ code: extensions['code'], message, address: request.address, caller, facts });
  }
}

/** Whether the caller has been authenticated. */
function isKnown({ by, credential }: RequestContext): boolean {
  return by === 'guest socket' || credential !== noCredential;
}

/** What proved the identity, for a line: nulls where the caller is unknown. */
function identityOf(request: RequestContext): object {
  const { by, credential } = request;
  const { subject, tokenId, fingerprint } = credential;
  return {
    by: isKnown(request) ? by : null,
    sub: subject === null ? null : excerpt(subject, identityLimit),
    jti: tokenId === null ? null : excerpt(tokenId, identityLimit),
    fingerprint,
  };
}

function operationOf({ transport, operationName, operation }: RequestContext): object {
  return {
    way: transport,
    operation: operationName?.slice(0, nameLimit) ?? null,
    documentId: operation?.documentId ?? null,
  };
}

/** Writes each denied read among the errors of a result. */
export function auditDenied(request: RequestContext, errors: readonly GraphQLError[]): void {
  if (request.server.audit === null) return;
  const fixed = fixedFacts(request);
  for (const denial of denialsOf(errors)) writeLine(request, fixed, { event: 'denied', ...denial });
}

/** What a request drops once its stream is open, and a connection once it is closed. */
interface FixedFacts {
  readonly address: string | null;
  readonly documentId: string | null;
}

function fixedFacts({ address, operation }: RequestContext): FixedFacts {
  return { address, documentId: operation?.documentId ?? null };
}

/** A line has neither variables nor the document. */
function writeLine(
  request: RequestContext,
  { address, documentId }: FixedFacts,
  { event, ...facts }: Line,
): void {
  const { caller, requestId, server } = request;
  const line = {
    time: new Date(server.now()).toISOString(),
    event,
    caller: caller.partitionId.toString(),
    ...identityOf(request),
    address,
    ...operationOf(request),
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
  readonly #fixed: FixedFacts;
  readonly #openedAt: number;
  #events = 0;
  /** The denied reads of the last event: one that is in many events is written once. */
  #standing = nothing;
  #isClosed = false;

  constructor(request: RequestContext) {
    this.#request = request;
    this.#fixed = fixedFacts(request);
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
    writeLine(this.#request, this.#fixed, line);
  }
}

/** The denied reads among the errors of a result. */
export function denialsOf(errors: readonly GraphQLError[]): readonly Denial[] {
  return errors
    .filter(({ extensions }) => extensions['code'] === 'ACCESS_DENIED')
    .map((error) => {
      const { path, extensions } = error;
      const { reason, host } = extensions;
      return {
        // Of a gateway: the trail of the host has the object.
        object: typeof host === 'string' ? `host ${host}` : nameOf(objectOf(error)),
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
