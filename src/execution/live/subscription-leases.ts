/** The streams of several processes, counted as one process counts its own. */
import { createHash } from 'node:crypto';
import type { ExecutionArgs } from 'graphql';
import type { Caller } from '../../access/caller.ts';
import type { HvqlError } from '../../errors.ts';
import { SubscriptionQuota, type RetainedText, type SubscriptionLimits } from './subscription-quota.ts';

/** What is told of a stream that needs a place: plain JSON, and no more of what it asks than its lengths. */
export interface LeaseRequest {
  /** Decimal. */
  readonly partitionId: string;
  /** The same for the same document. */
  readonly document: string;
  /** The same for the same document, operation, variables and rights. */
  readonly operation: string;
  readonly documentLength: number;
  readonly variablesLength: number;
}

/** A place that was given. */
export interface SubscriptionLease {
  /** Gives it back; is called once. */
  release(): void;
}

/** Takes a place; gives LIMIT_EXCEEDED where there is none. */
export type AcquireLease = (request: LeaseRequest) => Promise<SubscriptionLease | HvqlError>;

/** Streams that watch the same, and the text that is counted once for them. */
interface SharedText {
  readonly text: RetainedText;
  streams: number;
}

/** Something that stands for a document, while streams of it are open. */
interface Document {
  readonly identity: object;
  streams: number;
}

/**
 * The places of all streams of a service. A holder is a process: what it holds is given back when it has died. Streams
 * that watch the same count once with their text, whichever processes have them.
 */
export class SubscriptionLeases<Holder extends object> {
  readonly #quota: SubscriptionQuota;
  readonly #held = new Map<Holder, Map<number, LeaseRequest>>();
  readonly #shared = new Map<string, SharedText>();
  readonly #documents = new Map<string, Document>();

  constructor(limits: SubscriptionLimits) {
    this.#quota = new SubscriptionQuota(limits);
  }

  /** Takes a place under a number of the holder's own; LIMIT_EXCEEDED where there is none, else null. */
  acquire(holder: Holder, { number, request }: { number: number; request: LeaseRequest }): HvqlError | null {
    const partitionId = BigInt(request.partitionId);
    const shared = this.#shared.get(request.operation);
    const identity = this.#documents.get(request.document)?.identity ?? {};
    const { documentLength, variablesLength } = request;
    const text = shared?.text ?? { document: identity, documentLength, variablesLength };
    const problem = this.#quota.problem(partitionId, shared === undefined ? text : null);
    if (problem !== null) return problem;
    if (shared === undefined) this.#quota.countText(partitionId, { text, change: 1 });
    this.#shared.set(request.operation, { text, streams: (shared?.streams ?? 0) + 1 });
    const document = this.#documents.get(request.document) ?? { identity, streams: 0 };
    document.streams += 1;
    this.#documents.set(request.document, document);
    this.#quota.countSubscription(partitionId, 1);
    const leases = this.#held.get(holder) ?? new Map<number, LeaseRequest>();
    this.#held.set(holder, leases.set(number, request));
    return null;
  }

  /** Gives a place back; one that is not held is none. */
  release(holder: Holder, number: number): void {
    const leases = this.#held.get(holder);
    const request = leases?.get(number);
    if (request === undefined) return;
    leases?.delete(number);
    this.#release(request);
  }

  /** Gives all places of a holder back. */
  releaseAll(holder: Holder): void {
    for (const request of this.#held.get(holder)?.values() ?? []) this.#release(request);
    this.#held.delete(holder);
  }

  #release(request: LeaseRequest): void {
    const partitionId = BigInt(request.partitionId);
    this.#quota.countSubscription(partitionId, -1);
    const shared = this.#shared.get(request.operation);
    if (shared !== undefined && (shared.streams -= 1) === 0) {
      this.#shared.delete(request.operation);
      this.#quota.countText(partitionId, { text: shared.text, change: -1 });
    }
    const document = this.#documents.get(request.document);
    if (document !== undefined && (document.streams -= 1) === 0) this.#documents.delete(request.document);
  }
}

/** What is told of a stream. */
export function leaseRequest(
  { document, operationName, variableValues }: ExecutionArgs,
  { caller, text }: { readonly caller: Caller; readonly text: RetainedText },
): LeaseRequest {
  const partitionId = caller.partitionId.toString();
  const documentDigest = digest(document.loc?.source.body ?? '');
  const rights = [partitionId, ...[...caller.privileges].sort()];
  return {
    partitionId,
    document: documentDigest,
    operation: digest(JSON.stringify([documentDigest, operationName ?? null, variableValues ?? {}, rights])),
    documentLength: text.documentLength,
    variablesLength: text.variablesLength,
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
