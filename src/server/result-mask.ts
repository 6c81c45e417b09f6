/** Results as they may leave. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { internalErrorCode, maskErrors, placeOf, type MaskContext } from './error-mask.ts';

/** An event, or any result that no HTTP status goes with: the very same object where there is nothing to mask. */
export function maskEvent(result: ExecutionResult, context: MaskContext): ExecutionResult {
  const { errors } = result;
  if (errors === undefined) return result;
  const masked = maskErrors(errors, context);
  return masked.every((error, n) => error === errors[n]) ? result : { ...result, errors: masked };
}

/** The result, with its errors masked and, where nothing ran, with the HTTP status for it in Yoga's way. */
export function maskResult(result: ExecutionResult, context: MaskContext): ExecutionResult {
  if (result.errors === undefined) return result;
  // Yoga drops the errors of what was aborted, and then there would be an answer with nothing in it.
  const isEmpty = result.data === undefined && result.errors.length === 0;
  const errors = maskErrors(isEmpty ? [new Error('aborted')] : result.errors, context);
  if ('data' in result) return { ...result, errors };
  // Without data the status says that nothing ran (GraphQL over HTTP, 6.4.2); Yoga leaves 200 for wrong variables.
  const isInternal = errors.some((error) => error.extensions['code'] === internalErrorCode);
  const http = isInternal ? { status: 500 } : { status: 400, spec: true };
  return { ...result, errors: errors.map((error) => withHttp(error, http)) };
}

/** A copy, since one error may be the answer to many requests. */
function withHttp(error: GraphQLError, http: object): GraphQLError {
  const { originalError, extensions } = error;
  return new GraphQLError(error.message, {
    ...placeOf(error),
    originalError: originalError ?? null,
    extensions: { http, ...extensions },
  });
}
