/** The operation of an HTTP request: its body or query string, what the allowlist says, what the client accepts. */
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import { httpRequestOf } from '../http/http-request.ts';
import type { YogaContext } from '../request-context.ts';

/**
 * Reads every request with the service's own reader, which closes Yoga's parsers for forms, multipart and
 * application/graphql: browsers send those without a preflight. Yoga itself checks the shapes of the parameters after
 * that, for every transport, all but one.
 */
export function useOperationRequest(): Plugin<object, YogaContext> {
  return {
    onRequestParse({ serverContext, setRequestParser }) {
      const request = httpRequestOf(serverContext);
      setRequestParser(async () => {
        const { parameters } = await request.readOperation();
        // A copy: plugins may change their parameters, and these are kept for the same bytes.
        return { ...parameters };
      });
    },
    onParams({ params: { operationName } }) {
      if (operationName == null || typeof operationName === 'string') return;
      throw createGraphQLError(
        `Expected "operationName" param to be empty or a string, but given ${typeof operationName}.`,
        { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } },
      );
    },
  };
}
