/** Who asks, and whether the page that it asks from may. */
import type { Plugin } from 'graphql-yoga';
import { httpRequestOf } from '../http/http-request.ts';
import type { YogaContext } from '../request-context.ts';

/**
 * Refuses requests by their method, their origin and their credentials before anything of the operation is read. The
 * hot path may have asked for the same already: then its verification is waited for, not repeated.
 */
export function useAuthentication(): Plugin<object, YogaContext> {
  return {
    onRequest: ({ serverContext }) => httpRequestOf(serverContext).authenticate(),
  };
}
