/** Leases of subscriptions, which count the streams of several processes towards the same limits. */
import { createHash } from 'node:crypto';
import type { ExecutionArgs } from 'graphql';
import type { Caller } from '../../access/caller.ts';
import type { HvqlError } from '../../errors.ts';
import type { RetainedText } from '../../limits/usage.ts';
import { SubscriptionQuota, type SubscriptionLimits } from './subscription-quota.ts';

/** The request for a lease, in plain JSON. It has digests and lengths instead of texts. */
export interface LeaseRequest {
  /** Decimal, or "root". */
  readonly partitionId: string;
  /** A digest of the document. */
  readonly document: string;
  /** A digest of document, operation, variables and rights. */
  readonly operation: string;
  readonly documentLength: number;
  readonly variablesLength: number;
}

/** A lease of one stream. */
export interface SubscriptionLease {
  /** Returns the lease. Call it once. */
  release(): void;
}

/** Acquires a lease; LIMIT_EXCEEDED if all are taken. */
export type AcquireLease = (request: LeaseRequest) => Promise<SubscriptionLease | HvqlError>;

/** Equal subscriptions, and their text, which counts once. */
interface SharedText {
  readonly text: RetainedText;
  streams: number;
}

/** The identity of a document while streams of it are open. */
interface Document {
  readonly identity: object;
  streams: number;
}

/**
 * The leases of all streams of a service. A holder is a process; its leases are released when it exits. The text of
 * equal subscriptions counts once, even if they are in different processes.
 */
export class SubscriptionLeases<Holder extends object> {
  readonly #quota: SubscriptionQuota;
  readonly #held = new Map<Holder, Map<number, LeaseRequest>>();
  readonly #shared = new Map<string, SharedText>();
  readonly #documents = new Map<string, Document>();

  constructor(limits: SubscriptionLimits) {
    this.#quota = new SubscriptionQuota(limits);
  }

  /** Acquires a lease under a number chosen by the holder; LIMIT_EXCEEDED if all are taken, else null. */
  acquire(holder: Holder, { number, request }: { number: number; request: LeaseRequest }): HvqlError | null {
    const partitionId = parsePartition(request.partitionId);
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

  /** Releases a lease; ignores an unknown number. */
  release(holder: Holder, number: number): void {
    const leases = this.#held.get(holder);
    const request = leases?.get(number);
    if (request === undefined) return;
    leases?.delete(number);
    this.#release(request);
  }

  /** Releases all leases of a holder. */
  releaseAll(holder: Holder): void {
    for (const request of this.#held.get(holder)?.values() ?? []) this.#release(request);
    this.#held.delete(holder);
  }

  #release(request: LeaseRequest): void {
    const partitionId = parsePartition(request.partitionId);
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

/** The request for a lease of this subscription. */
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

function parsePartition(text: string): Caller['partitionId'] {
  return text === 'root' ? text : BigInt(text);
}
