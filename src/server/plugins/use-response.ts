/** The result of an HTTP request becomes the answer that the service writes itself. */
import type { Plugin } from 'graphql-yoga';
import { httpRequestOf } from '../http/http-request.ts';
import type { PipelineResult } from '../operation-outcome.ts';
import type { YogaContext } from '../request-context.ts';

/**
 * Hands each result to its request, which masks it, and stands a Response in for it that Yoga's hooks may see. Last in
 * the list, so that it takes what other plugins have left.
 */
export function useResponse(): Plugin<object, YogaContext> {
  return {
    onResultProcess(payload) {
      const request = httpRequestOf(payload.serverContext);
      payload.setResultProcessor(
        (result, fetchAPI) => request.respond(result as PipelineResult, fetchAPI),
        request.mediaType,
      );
    },
  };
}
