/** The HTTP status of a result, by the media type that it is written in (GraphQL over HTTP, 6.4). */
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { MediaType } from './accept.ts';
import { internalErrorCode } from './error-mask.ts';

/** By their codes: errors whose status is the same in every media type. */
const statuses: Readonly<Record<string, number>> = {
  OPERATION_RESOLUTION_FAILURE: 400,
  NOT_ACCEPTABLE: 406,
  [internalErrorCode]: 500,
};

/**
 * The status of a result whose errors are masked. Where there is data, also null, it ran: 200. Where there is none, it
 * did not, and GraphQL's own media type says 400 for it; whoever takes plain JSON is told so by the body alone, for
 * clients of that age take any other status for a failure of what stands in between.
 */
export function statusOf(result: ExecutionResult, mediaType: MediaType): number {
  const { errors } = result;
  if (errors === undefined || 'data' in result) return 200;
  const least = mediaType === 'application/json' ? 200 : 400;
  return errors.reduce((status, error) => Math.max(status, statusOfError(error) ?? least), least);
}

function statusOfError({ extensions }: GraphQLError): number | undefined {
  const { code } = extensions;
  return typeof code === 'string' && Object.hasOwn(statuses, code) ? statuses[code] : undefined;
}
