/** The audit trail: a line for each denied read, each opened or closed stream, and each refused request. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { AccessDenied, type DeniedObject } from '../access/rule.ts';
import { excerpt } from '../lib/json.ts';
import { noCredential } from '../revocation/credential.ts';
import type { RequestContext } from './context.ts';
import { isRecorded } from './refusals.ts';

/**
 * Why a stream was closed. client: the client ended it, disconnected or violated the protocol. complete: there are no more
 * events. expired, revoked: the caller's credentials are no longer valid. service: the service shuts down, or could not
 * write an event. stalled: the client did not read.
 */
export type StreamEnd = 'client' | 'complete' | 'expired' | 'revoked' | 'service' | 'stalled';

/** Clients choose the length of names and, with aliases, of paths. */
const nameLimit = 100;
const pathLimit = 300;
/** Issuers choose the length of token ids and subjects. */
const identityLimit = 200;

/** One denied read. */
export interface Denial {
  /** "hypervisor", "logical-processor 3", "logical-processors", "partition 9", "virtual-processor 9/0", or "schema". */
  readonly object: string;
  /** The path in the response, "hypervisor.partitions.0.parent"; null if nothing was executed. */
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

/** The audited facts of an error: an error of a result, or the refusal of a request. */
type AuditedError = Pick<GraphQLError, 'message' | 'extensions'>;

/** Records the refusals among the errors of a result, or of a request whose caller may be unknown. */
export function auditRefusals(request: RequestContext, errors: readonly AuditedError[]): void {
  const { server } = request;
  for (const { message, extensions } of errors) {
    // There may be thousands of errors that are not refusals.
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

/** How the caller was authenticated; nulls if the caller is unknown. */
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

/** The facts that a request releases once its stream is open, and a connection once it is closed. */
interface FixedFacts {
  readonly address: string | null;
  readonly documentId: string | null;
}

function fixedFacts({ address, operation }: RequestContext): FixedFacts {
  return { address, documentId: operation?.documentId ?? null };
}

/** Writes a line, without the document and its variables. */
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

/** The audit trail of one stream. */
export class StreamAudit {
  readonly #request: RequestContext;
  readonly #fixed: FixedFacts;
  readonly #openedAt: number;
  #events = 0;
  /** The denied reads of the last event. A read that is denied in many events is written once. */
  #standing = nothing;
  #isClosed = false;

  constructor(request: RequestContext) {
    this.#request = request;
    this.#fixed = fixedFacts(request);
    this.#openedAt = request.server.now();
    this.#write({ event: 'opened' });
  }

  /** Records a sent event. */
  sent({ errors }: ExecutionResult): void {
    if (this.#isClosed) return;
    this.#events += 1;
    const before = this.#standing;
    this.#standing = errors === undefined ? nothing : denialsByKey(errors);
    for (const [key, denial] of this.#standing) {
      if (!before.has(key)) this.#write({ event: 'denied', ...denial });
    }
  }

  /** Records the end of the stream; only the first call has an effect. */
  closed(reason: StreamEnd): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#standing = nothing;
    // The clock may have been set back.
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
        // On a gateway; the host's audit trail has the object.
        object: typeof host === 'string' ? `host ${host}` : nameOf(objectOf(error)),
        path: path === undefined ? null : excerpt(path.join('.'), pathLimit),
        reason: typeof reason === 'string' ? reason : null,
      };
    });
}

/** Cached by error, because one event goes to many streams. */
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
