/** What of Yoga's pipeline is only for HTTP: credentials, the reading of requests, and the response. */
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import type { YogaContext } from '../context.ts';
import { graphqlExchangeOf } from '../http/graphql-exchange.ts';
import type { PipelineResult } from '../operation-outcome.ts';

/**
 * Refuses requests by their method, origin and credentials before anything of the operation is read. Where the hot path
 * has begun to verify the credentials, it waits for that.
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

/** Hands each result to its exchange, which masks it. Last in the list, so that it takes what other plugins have left. */
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
