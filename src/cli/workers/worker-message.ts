/** What the processes of a service tell each other: plain JSON over the channel that node gives them. */
import type { LeaseRequest } from '../../execution/live/subscription-leases.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import { type ErrorRecord, errorOf, recordOf } from '../../source/ipc/error-record.ts';
import type { SourceIdentity } from '../../source/ipc/remote-source.ts';
import { UsageError } from '../../errors.ts';

/** What a worker is told, once it has said that it listens to it. */
export interface WorkerTask {
  readonly kind: 'start';
  /** Where it stands among the workers, from 1; the one that takes its place when it dies has the same. */
  readonly slot: number;
  /** The one to listen on, which may be 0 for all that begin together. */
  readonly port: number;
  /** What development tokens are signed with, base64: they are good in every worker. */
  readonly developmentSecret: string;
  /** The source that is read for it; null where it is to read it itself. */
  readonly source: SourceIdentity | null;
  /** Whether the page folder that it reads has had a manifest. */
  readonly isManifestKnown: boolean;
}

/** From the primary to a worker. */
export type ToWorker =
  | WorkerTask
  /** The answer to a request for a place. */
  | { readonly kind: 'lease'; readonly number: number; readonly problem: ErrorRecord | null }
  /** Whether it still does anything; to be answered at once. */
  | { readonly kind: 'ping' }
  /** What another worker has seen to be absent. */
  | { readonly kind: 'absent'; readonly report: AbsenceReport }
  /** Another worker has seen a manifest in the page folder. */
  | { readonly kind: 'manifest' }
  /** Files that are held open or were read are to be opened anew. */
  | { readonly kind: 'reopen' }
  | { readonly kind: 'close' };

/** From a worker to the primary. */
export type ToPrimary =
  | { readonly kind: 'hello' }
  | { readonly kind: 'serving'; readonly url: string; readonly tokens: readonly GraphiqlToken[] | null }
  /** It cannot serve, and ends. */
  | { readonly kind: 'failed'; readonly failure: WorkerFailure }
  | { readonly kind: 'pong' }
  /** It has seen a manifest in the page folder: for all other workers, and those that begin later. */
  | { readonly kind: 'manifest' }
  /** For all other workers. */
  | { readonly kind: 'absent'; readonly report: AbsenceReport }
  | { readonly kind: 'acquire-lease'; readonly number: number; readonly request: LeaseRequest }
  | { readonly kind: 'release-lease'; readonly number: number };

/** Why a worker cannot serve: mistakes of whoever started the service, or anything else. */
export type WorkerFailure =
  { readonly problems: readonly string[] } | { readonly error: ErrorRecord; readonly stack: string | null };

/** What is told of anything that was thrown. */
export function failureOf(thrown: unknown): WorkerFailure {
  if (thrown instanceof UsageError) return { problems: thrown.problems };
  const stack = thrown instanceof Error ? (thrown.stack ?? null) : null;
  // Whoever starts the program may know the details.
  if (thrown instanceof Error && thrown.cause instanceof UsageError)
    return { problems: thrown.cause.problems };
  return { error: recordOf(thrown), stack };
}

/** What is thrown for it. */
export function failureError(failure: WorkerFailure): Error {
  if ('problems' in failure) return new UsageError(failure.problems);
  const error = errorOf(failure.error);
  if (failure.stack !== null) error.stack = failure.stack;
  return error;
}
