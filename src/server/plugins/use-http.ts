/** The HTTP part of Yoga's pipeline: credentials, reading requests, and the response. */
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import type { YogaContext } from '../context.ts';
import { graphqlExchangeOf } from '../http/graphql-exchange.ts';
import type { PipelineResult } from '../operation-outcome.ts';

/**
 * Checks the method, origin and credentials of requests before any part of the operation is read. If the hot path has
 * started to verify the credentials, it waits for that.
 */
export function useAuthentication(): Plugin<object, YogaContext> {
  return {
    onRequest: ({ serverContext }) => graphqlExchangeOf(serverContext).authenticate(),
  };
}

/**
 * Reads every request with the service's own reader, which closes Yoga's parsers for forms, multipart and
 * application/graphql: browsers send those without a preflight. Yoga checks the shapes of all parameters but one.
 */
export function useOperationRequest(): Plugin<object, YogaContext> {
  return {
    onRequestParse({ serverContext, setRequestParser }) {
      const exchange = graphqlExchangeOf(serverContext);
      setRequestParser(async () => {
        const { parameters } = await exchange.readOperation();
        // A copy, because plugins may change the parameters, and these are cached by the bytes of the request.
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

/** Passes each result to its exchange, which masks it. Last in the list, so that it gets the results of other plugins. */
export function useResponse(): Plugin<object, YogaContext> {
  return {
    onResultProcess(payload) {
      const exchange = graphqlExchangeOf(payload.serverContext);
      payload.setResultProcessor(
        (result, fetchAPI) => exchange.respond(result as PipelineResult, fetchAPI),
        exchange.mediaType,
      );
    },
  };
}
