/** Errors as plain data, for another process. */
import { HvqlError, messageOf, type ErrorCode, type ErrorFacts } from '../../errors.ts';

/** An error that JSON holds. */
export interface ErrorRecord {
  /** null if clients may not see the error. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly facts: ErrorFacts;
  /** For the log. */
  readonly cause: string | null;
}

/** The record of anything that was thrown. */
export function recordOf(thrown: unknown): ErrorRecord {
  if (!(thrown instanceof HvqlError)) {
    return { code: null, message: messageOf(thrown), facts: {}, cause: null };
  }
  const { code, message, extensions: facts, cause } = thrown;
  return { code, message, facts, cause: cause === undefined ? null : messageOf(cause) };
}

/** The error of a record: an HvqlError with the same code, message and extensions, or an Error with the same message. */
export function errorOf({ code, message, facts, cause }: ErrorRecord): Error {
  if (code === null) return new Error(message);
  return new HvqlError(code, message, facts, cause === null ? {} : { cause: new Error(cause) });
}

/** The error of a record in the place of a reading. */
export function hvqlErrorOf(record: ErrorRecord): HvqlError {
  const error = errorOf(record);
  if (error instanceof HvqlError) return error;
  return new HvqlError('PAGE_UNAVAILABLE', 'The source could not read the object.', {}, { cause: error });
}
