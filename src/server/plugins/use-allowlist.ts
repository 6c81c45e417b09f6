/** Only what the allowlist has passed is parsed, whatever transport brought it. */
import type { Plugin } from 'graphql-yoga';
import { HttpError } from '../http/http-error.ts';
import { requestOf, type YogaContext } from '../request-context.ts';

/**
 * Refuses any text but the one that the allowlist has passed for this very request. A transport that has not asked the
 * allowlist, or a plugin that has put another text in place, fails here.
 */
export function useAllowlist(): Plugin<YogaContext> {
  return {
    onParse({ context, params: { source } }) {
      if (requestOf(context).operation?.query === source) return;
      throw new HttpError('OPERATION_NOT_ALLOWED', 'This document has not been allowed for this request.');
    },
  };
}
