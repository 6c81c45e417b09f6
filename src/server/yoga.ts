/** The GraphQL server: graphql-yoga with the service's plugins, in the order in which they run. */
import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { RequestContext, Requester, ServerContext, YogaContext } from './context.ts';
import type { DocumentStore } from './document-store.ts';
import { graphqlExchangeOf } from './http/graphql-exchange.ts';
import type { Graphiql } from './http/graphiql.ts';
import { dropEvents, outcomeOf, type Outcome } from './operation-outcome.ts';
import { useAllowlist, useDocuments } from './plugins/use-documents.ts';
import { failed, useExecution, type RunQuery } from './plugins/use-execution.ts';
import { useAuthentication, useOperationRequest, useResponse } from './plugins/use-http.ts';
import { useSubscriptions, type Subscribe } from './plugins/use-subscriptions.ts';

/** A plugin of Yoga or envelop that the operator has added. */
export interface AddedPlugin {
  readonly plugin: object;
  /** Whether it declares that it neither denies nor changes anything, so that the hot path may bypass it. */
  readonly observesOnly: boolean;
}

/** The path of the endpoint. */
export const endpointPath = '/graphql';

/** Creates the Yoga instance of a service, used by all listeners and transports. `graphiql` is null if it is not served. */
export function openYoga(parts: {
  readonly schema: GraphQLSchema;
  readonly documents: DocumentStore;
  readonly run: RunQuery;
  readonly contextOf: (requester: Requester) => object;
  readonly subscribe?: Subscribe | undefined;
  readonly graphiql: Graphiql | null;
  readonly added: readonly AddedPlugin[];
}): ServerContext['yoga'] {
  const { schema, documents, run, contextOf, subscribe, graphiql, added } = parts;
  const keepsIterator = added.some(({ observesOnly }) => !observesOnly);
  const plugins: (Plugin<YogaContext, YogaContext> | object)[] = [
    useAuthentication(),
    useOperationRequest(),
    useAllowlist(),
    useDocuments(documents),
    useExecution(run, documents),
    useSubscriptions({ contextOf, subscribe, documents, keepsIterator }),
    ...added.map(({ plugin }) => plugin),
    useResponse(),
  ];
  return createYoga<YogaContext, Record<string, unknown>>({
    schema,
    plugins,
    graphqlEndpoint: endpointPath,
    // Only requests to the endpoint get here, but Yoga compares the end of the URL: "/graphql?x=/health". A space never
    // matches, because Node's parser accepts no URL that ends with one.
    healthCheckEndpoint: ' ',
    landingPage: false,
    // The listener has its own rules, which also refuse requests; Yoga's only set headers.
    cors: false,
    // The listener serves the page, but not on guest sockets, because it may contain tokens.
    graphiql: async (_request, context) => {
      const { listener, response } = graphqlExchangeOf(context);
      if (listener.graphiql === null) return false;
      await listener.graphiql.preparePage(response);
      return {};
    },
    renderGraphiQL: async () => (await graphiql?.page()) ?? '',
    multipart: false,
    batching: false,
    // The reader limits bodies; Yoga's limit would pipe each through a stream and a second Request.
    maxRequestBodySize: false,
    // The document store is bounded by characters, Yoga's cache by number.
    parserAndValidationCache: false,
    // The operation outcome masks errors, for every transport and event.
    maskedErrors: false,
    logging: false,
  });
}

/**
 * Runs the allowed operation of a request on another transport than HTTP, with all of Yoga's hooks except those for HTTP
 * requests and responses. Never rejects: an error becomes a result.
 */
export async function runOperation(context: RequestContext): Promise<Outcome> {
  const { operation, server } = context;
  try {
    if (operation === null) throw new TypeError('An operation came past the allowlist');
    // Yoga needs a Request in its context; with POST, any kind of operation is permitted.
    const request = new server.yoga.fetchAPI.Request(`http://localhost${endpointPath}`, { method: 'POST' });
    const params = { ...operation.parameters };
    return outcomeOf(await server.yoga.getResultForParams({ params, request }, { hvql: context }), context);
  } catch (thrown) {
    return outcomeOf(failed(thrown), context);
  } finally {
    // If a later hook has failed.
    dropEvents(context);
  }
}
