/** Decides which errors clients see: errors meant for them; all others are logged and masked. */
import { GraphQLError, type ExecutionResult, type GraphQLErrorOptions } from 'graphql';
import { HvqlError } from '../errors.ts';
import { excerpt } from '../lib/json.ts';
import type { RequestContext } from './context.ts';
import { HttpError } from './http/http-error.ts';

/** The request whose errors are masked. Once the signal is aborted, errors are expected. */
type MaskContext = Pick<RequestContext, 'requestId' | 'signal'> & {
  readonly server: Pick<RequestContext['server'], 'log'>;
};

/** Messages of graphql-js may quote long parts of a request. */
const messageLimitInCharacters = 1_000;

/** Masks the errors of one result. Every response and event passes through here. */
export function maskErrors(errors: readonly unknown[], context: MaskContext): readonly GraphQLError[] {
  return errors.map((error) => maskError(error, context));
}

/** Masks the errors of a result; returns the same object if nothing had to be masked. */
export function maskResult(result: ExecutionResult, context: MaskContext): ExecutionResult {
  const { errors } = result;
  if (errors === undefined) return result;
  // Yoga returns no error for an aborted operation; a response needs data or an error.
  const given =
    errors.length === 0 && !('data' in result) ? [new Error('The operation was aborted')] : errors;
  const masked = maskErrors(given, context);
  return masked.every((error, n) => error === errors[n]) ? result : { ...result, errors: masked };
}

function maskError(error: unknown, { requestId, signal, server: { log } }: MaskContext): GraphQLError {
  const own = httpErrorOf(error) ?? error;
  if (own instanceof HvqlError) return new GraphQLError(own.message, { originalError: own });
  if (error instanceof GraphQLError && isMeantForClient(error)) return fitForClient(error);
  const located = error instanceof GraphQLError ? error : undefined;
  const cause = located === undefined ? error : innermost(located);
  const err = cause instanceof Error ? cause : { type: typeof cause, message: String(cause) };
  const facts = { requestId, path: located?.path, err };
  if (signal.aborted) log.debug(facts, 'error after the end');
  else log.error(facts, 'unexpected error');
  return new GraphQLError('Unexpected error', {
    ...placeOf(located),
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
  });
}

/** The HttpError that was thrown, even if Yoga has wrapped it in a GraphQLError; null for any other error. */
export function httpErrorOf(error: unknown): HttpError | null {
  const thrown = error instanceof GraphQLError ? error.originalError : error;
  return thrown instanceof HttpError ? thrown : null;
}

/**
 * Shortens the message, adds a code to graphql-js's errors about variables, and removes `extensions.http`, which Yoga
 * writes into errors, including those that are cached with their document.
 */
function fitForClient(error: GraphQLError): GraphQLError {
  const { message } = error;
  const { http, ...extensions } = error.extensions;
  const isShort = message.length <= messageLimitInCharacters;
  if (isShort && http === undefined && extensions['code'] !== undefined) return error;
  return new GraphQLError(excerpt(message, messageLimitInCharacters), {
    ...placeOf(error),
    originalError: error.originalError ?? null,
    extensions: { code: 'BAD_USER_INPUT', ...extensions },
  });
}

function placeOf(error: GraphQLError | undefined): GraphQLErrorOptions {
  const { nodes = null, source = null, positions = null, path = null } = error ?? {};
  return { nodes, source, positions, path };
}

/**
 * An HvqlError as the root cause, or an error of graphql-js about the operation, which has no path, or a node of the
 * document. Other GraphQLErrors, such as a scalar that cannot serialize a value, are bugs in the service.
 */
function isMeantForClient(error: GraphQLError): boolean {
  // Yoga's mark on an error that it created from a thrown value.
  if (error.extensions['unexpected'] === true) return false;
  const root = innermost(error);
  if (root instanceof HvqlError) return true;
  return root instanceof GraphQLError && (error.path === undefined || root.nodes !== undefined);
}

function innermost(error: GraphQLError): Error {
  let root: Error = error;
  while (root instanceof GraphQLError && root.originalError !== undefined) root = root.originalError;
  return root;
}
