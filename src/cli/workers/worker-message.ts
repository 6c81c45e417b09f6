/** Messages between the primary and its workers: plain JSON over the channel of node:cluster. */
import type { LeaseRequest } from '../../execution/live/subscription-leases.ts';
import type { ValueReport } from '../../limits/value-budget.ts';
import type { HealthReport } from '../../metrics/service-health.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import type { LoopHold } from '../../sampling/schedule/loop-holds.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import { type ErrorRecord, errorOf, recordOf } from '../../source/ipc/error-record.ts';
import type { SourceIdentity } from '../../source/ipc/remote-source.ts';
import { UsageError } from '../../errors.ts';

/** The task of a worker, sent in reply to its hello. */
export interface WorkerTask {
  readonly kind: 'start';
  /** Number of the worker, from 1; its replacement has the same number. */
  readonly slot: number;
  /** The port to listen on; may be 0 for workers that start together. */
  readonly port: number;
  /** Key of development tokens, base64: they are valid in every worker. */
  readonly developmentSecret: string;
  /** The source that the primary reads for it; null if it reads the source itself. */
  readonly source: SourceIdentity | null;
  /** Whether the page folder that it reads has ever had a manifest. */
  readonly isManifestKnown: boolean;
}

/** From the primary to a worker. */
export type ToWorker =
  | WorkerTask
  /** The reply to acquire-lease. */
  | { readonly kind: 'lease'; readonly number: number; readonly problem: ErrorRecord | null }
  /** Checks that it still responds; the reply is pong. */
  | { readonly kind: 'ping' }
  /** The objects that another worker has found absent. */
  | { readonly kind: 'absent'; readonly report: AbsenceReport }
  /** The usage of callers' budgets in another worker. */
  | { readonly kind: 'values'; readonly report: ValueReport }
  /** Another worker has seen a manifest in the page folder. */
  | { readonly kind: 'manifest' }
  /** Reopen files that are open or were read. */
  | { readonly kind: 'reopen' }
  /** Requests its health metrics; the reply is health-report. */
  | { readonly kind: 'report-health'; readonly number: number }
  /** The reply to collect-health. */
  | { readonly kind: 'health'; readonly number: number; readonly report: HealthReport }
  | { readonly kind: 'close' };

/** From a worker to the primary. */
export type ToPrimary =
  | { readonly kind: 'hello' }
  | { readonly kind: 'serving'; readonly url: string; readonly tokens: readonly GraphiqlToken[] | null }
  /** It cannot serve, and exits. */
  | { readonly kind: 'failed'; readonly failure: WorkerFailure }
  | { readonly kind: 'pong' }
  /** An operation has blocked its event loop for a long time. */
  | { readonly kind: 'held'; readonly hold: LoopHold }
  /** It has seen a manifest in the page folder. For all other workers, including later ones. */
  | { readonly kind: 'manifest' }
  /** The usage of callers' budgets; for all other workers. */
  | { readonly kind: 'values'; readonly report: ValueReport }
  /** For all other workers. */
  | { readonly kind: 'absent'; readonly report: AbsenceReport }
  | { readonly kind: 'acquire-lease'; readonly number: number; readonly request: LeaseRequest }
  | { readonly kind: 'release-lease'; readonly number: number }
  | { readonly kind: 'health-report'; readonly number: number; readonly report: HealthReport }
  /** Requests the health metrics of all workers. */
  | { readonly kind: 'collect-health'; readonly number: number };

/** Why a worker cannot serve: problems of the settings, or any other error. */
export type WorkerFailure =
  { readonly problems: readonly string[] } | { readonly error: ErrorRecord; readonly stack: string | null };

/** The failure that describes a thrown value. */
export function failureOf(thrown: unknown): WorkerFailure {
  if (thrown instanceof UsageError) return { problems: thrown.problems };
  const stack = thrown instanceof Error ? (thrown.stack ?? null) : null;
  // The operator may see the details.
  if (thrown instanceof Error && thrown.cause instanceof UsageError)
    return { problems: thrown.cause.problems };
  return { error: recordOf(thrown), stack };
}

/** The error that describes a failure. */
export function failureError(failure: WorkerFailure): Error {
  if ('problems' in failure) return new UsageError(failure.problems);
  const error = errorOf(failure.error);
  if (failure.stack !== null) error.stack = failure.stack;
  return error;
}
