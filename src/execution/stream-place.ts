/** A place for a stream among those of all processes of a service. */
import { createHash } from 'node:crypto';
import type { ExecutionArgs } from 'graphql';
import type { Caller } from '../access/caller.ts';
import type { HvqlError } from '../errors.ts';
import type { KeptText } from './stream-quota.ts';

/** What is told of a stream that needs a place: plain JSON, and no more of what it asks than its lengths. */
export interface PlaceRequest {
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
export interface StreamPlace {
  /** Gives it back; is called once. */
  release(): void;
}

/** Takes a place; gives LIMIT_EXCEEDED where there is none. */
export type TakePlace = (request: PlaceRequest) => Promise<StreamPlace | HvqlError>;

/** What is told of a stream. */
export function placeRequest(
  { document, operationName, variableValues }: ExecutionArgs,
  { caller, text }: { readonly caller: Caller; readonly text: KeptText },
): PlaceRequest {
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
