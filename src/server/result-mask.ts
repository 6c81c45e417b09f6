/** Results as they may leave. */
import type { ExecutionResult } from 'graphql';
import { maskErrors, type MaskContext } from './error-mask.ts';

/** The result with its errors masked: the very same object where there is nothing to mask. */
export function maskResult(result: ExecutionResult, context: MaskContext): ExecutionResult {
  const { errors } = result;
  if (errors === undefined) return result;
  const masked = maskErrors(errors, context);
  return masked.every((error, n) => error === errors[n]) ? result : { ...result, errors: masked };
}
