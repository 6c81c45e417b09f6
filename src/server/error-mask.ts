/** What of an error a client may see: only errors made on purpose leave, all else is logged and masked. */
import { GraphQLError, type ExecutionResult, type GraphQLErrorOptions } from 'graphql';
import type { Logger } from 'pino';
import { HvqlError } from '../errors.ts';
import type { OperationAudit } from './audit.ts';
import { HttpError } from './http/http-error.ts';
import type { Requester } from './request-context.ts';

/** Whose errors are masked, for the log and for the client to quote. */
export interface MaskContext {
  /** Once the signal is aborted, errors are what is to be expected. It may be made when it is asked for. */
  readonly requester: Pick<Requester, 'requestId' | 'signal'>;
  readonly log: Logger;
  /** Told of the reads that are denied by these errors; null where there is no audit trail, or it is told elsewhere. */
  readonly audit: OperationAudit | null;
}

/** The code of an error that was not made on purpose. */
export const internalErrorCode = 'INTERNAL_SERVER_ERROR';

/**
 * The errors of one result, masked where they are not meant for the client, and audited. Knows no HTTP: every way out
 * of the service goes through here.
 */
export function maskErrors(errors: readonly unknown[], context: MaskContext): readonly GraphQLError[] {
  const masked = errors.map((error) => maskError(error, context));
  context.audit?.denied(masked);
  return masked;
}

/** Characters of a message. */
const messageLimit = 1_000;

/** The result with its errors masked: the very same object where there is nothing to mask. */
export function maskResult(result: ExecutionResult, context: MaskContext): ExecutionResult {
  const { errors } = result;
  if (errors === undefined) return result;
  // Yoga gives no error for an operation that was aborted; "no data and no error" would be no answer.
  const given =
    errors.length === 0 && !('data' in result) ? [new Error('The operation was aborted')] : errors;
  const masked = maskErrors(given, context);
  return masked.every((error, n) => error === errors[n]) ? result : { ...result, errors: masked };
}

/** One error, masked where it is not meant for the client. */
function maskError(error: unknown, { requester, log }: MaskContext): GraphQLError {
  const own = httpErrorOf(error) ?? error;
  if (own instanceof HvqlError) return new GraphQLError(own.message, { originalError: own });
  if (error instanceof GraphQLError && isMeantForClient(error)) return fitForClient(error);
  const located = error instanceof GraphQLError ? error : undefined;
  const cause = located === undefined ? error : innermost(located);
  const { requestId } = requester;
  const facts = { requestId, path: located?.path, err: describeThrown(cause) };
  if (requester.signal.aborted) log.debug(facts, 'error after the end');
  else log.error(facts, 'unexpected error');
  return new GraphQLError('Unexpected error', {
    ...placeOf(located),
    extensions: { code: internalErrorCode, requestId },
  });
}

/** The HttpError that was thrown, also where Yoga has made a GraphQLError of it; null for any other error. */
export function httpErrorOf(error: unknown): HttpError | null {
  const thrown = error instanceof GraphQLError ? error.originalError : error;
  return thrown instanceof HttpError ? thrown : null;
}

/**
 * Messages of graphql-js may quote what was sent, at any length, and its errors about variables have no code. Yoga notes
 * HTTP statuses in `extensions.http`, also in errors that are kept with their document: those are for the server alone.
 */
function fitForClient(error: GraphQLError): GraphQLError {
  const { message } = error;
  const { http, ...extensions } = error.extensions;
  const isShort = message.length <= messageLimit;
  if (isShort && http === undefined && extensions['code'] !== undefined) return error;
  return new GraphQLError(isShort ? message : `${message.slice(0, messageLimit - 1)}…`, {
    ...placeOf(error),
    originalError: error.originalError ?? null,
    extensions: { code: 'BAD_USER_INPUT', ...extensions },
  });
}

/** Where an error stands, in the document and in the answer, for another that is to take its place. */
export function placeOf(error: GraphQLError | undefined): GraphQLErrorOptions {
  return {
    nodes: error?.nodes ?? null,
    source: error?.source ?? null,
    positions: error?.positions ?? null,
    path: error?.path ?? null,
  };
}

/**
 * An HvqlError at its root; or a complaint of graphql-js about the operation, which it raises before anything runs
 * (there is no path yet) or at a node of the document. Other GraphQLErrors, such as a scalar's about a value that it
 * cannot write, are about the service.
 */
function isMeantForClient(error: GraphQLError): boolean {
  const root = innermost(error);
  // Yoga's mark on an error that it has made of a thrown value that was no Error.
  if (error.extensions['unexpected'] === true) return false;
  if (root instanceof HvqlError) return true;
  return root instanceof GraphQLError && (error.path === undefined || root.nodes !== undefined);
}

function innermost(error: GraphQLError): Error {
  let root: Error = error;
  while (root instanceof GraphQLError && root.originalError !== undefined) root = root.originalError;
  return root;
}

/** An error with its stack, or whatever else was thrown, as the log can write it. */
function describeThrown(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown : { type: typeof thrown, message: String(thrown) };
}
