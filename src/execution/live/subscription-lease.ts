/** A place for a stream among those of all processes of a service. */
import { createHash } from 'node:crypto';
import type { ExecutionArgs } from 'graphql';
import type { Caller } from '../../access/caller.ts';
import type { HvqlError } from '../../errors.ts';
import type { RetainedText } from './subscription-quota.ts';

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
