/** Why a worker cannot serve, told to the primary and thrown again there. */
import { UsageError } from '../../errors.ts';
import { errorOf, recordOf } from '../../source/ipc/error-record.ts';
import type { WorkerFailure } from './worker-message.ts';

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
