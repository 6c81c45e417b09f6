/** The GraphQL server: graphql-yoga with the service's plugins, in the order in which they act. */
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
  /** Whether it has declared that it neither denies nor changes anything: it need not see everything. */
  readonly observesOnly: boolean;
}

/** The path of the endpoint. */
export const endpointPath = '/graphql';

/** Makes the one Yoga of a service; all listeners and transports use it. `graphiql` is null where no page is served. */
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
    // Only requests to the endpoint come here, but Yoga looks at the end of the address: "/graphql?x=/health". No
    // address that node's parser lets through ends with a blank.
    healthCheckEndpoint: ' ',
    landingPage: false,
    // The listener's own rules also refuse; Yoga's only set headers.
    cors: false,
    // The listener offers the page only where there is one, and none on guest sockets: it may hold tokens.
    graphiql: async (_request, context) => {
      const { listener, response } = graphqlExchangeOf(context);
      if (listener.graphiql === null) return false;
      await listener.graphiql.preparePage(response);
      return {};
    },
    renderGraphiQL: async () => (await graphiql?.page()) ?? '',
    multipart: false,
    batching: false,
    // The reader bounds bodies; Yoga's limit would pipe each through a stream and a second Request.
    maxRequestBodySize: false,
    // The document store is bounded by characters; Yoga's cache by number.
    parserAndValidationCache: false,
    // Masked once, for every transport and event, by the outcome.
    maskedErrors: false,
    logging: false,
  });
}

/**
 * Runs the allowed operation of a request that does not come by HTTP, over all of Yoga's hooks but those of an HTTP
 * request and its response. Never rejects: an error is a result.
 */
export async function runOperation(context: RequestContext): Promise<Outcome> {
  const { operation, server } = context;
  try {
    if (operation === null) throw new TypeError('An operation came past the allowlist');
    // Yoga needs a Request in its context; one by POST may be any operation.
    const request = new server.yoga.fetchAPI.Request(`http://localhost${endpointPath}`, { method: 'POST' });
    const params = { ...operation.parameters };
    return outcomeOf(await server.yoga.getResultForParams({ params, request }, { hvql: context }), context);
  } catch (thrown) {
    return outcomeOf(failed(thrown), context);
  } finally {
    // Where a later hook has failed.
    dropEvents(context);
  }
}
