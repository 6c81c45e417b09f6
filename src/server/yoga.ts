/** The GraphQL server: graphql-yoga with the service's plugins, in the order in which they act. */
import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { ServerContext } from './context.ts';
import type { DocumentStore } from './document-store.ts';
import type { Graphiql } from './http/graphiql.ts';
import { httpRequestOf } from './http/http-request.ts';
import { useAllowlist } from './plugins/use-allowlist.ts';
import { useAuthentication } from './plugins/use-authentication.ts';
import { useDocuments } from './plugins/use-documents.ts';
import { failed, useExecution, type RunQuery } from './plugins/use-execution.ts';
import { useOperationRequest } from './plugins/use-operation-request.ts';
import { useResponse } from './plugins/use-response.ts';
import { useSubscriptions, type Subscribe } from './plugins/use-subscriptions.ts';
import { dropEvents, outcomeOf, type Outcome } from './operation-outcome.ts';
import type { RequestContext, Requester, YogaContext } from './request-context.ts';

/** Yoga as this service uses it. */
export type Yoga = YogaServerInstance<YogaContext, Record<string, unknown>>;

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
}): Yoga {
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
      const { listener, exchange } = httpRequestOf(context);
      if (listener.graphiql === null) return false;
      await listener.graphiql.preparePage(exchange.response);
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

/** Runs the allowed operation of a request. Never rejects: an error is a result. */
export type RunOperation = (request: RequestContext) => Promise<Outcome>;

/**
 * A runner for operations that do not come by HTTP, over all of Yoga's hooks but those of an HTTP request and its
 * response. Yoga needs a Request in its context; one by POST may be any operation.
 */
export function operationRunner(yoga: Yoga, world: Pick<ServerContext, 'log' | 'now'>): RunOperation {
  const address = `http://localhost${endpointPath}`;
  return async (context) => {
    try {
      const { operation } = context;
      if (operation === null) throw new TypeError('An operation came past the allowlist');
      const request = new yoga.fetchAPI.Request(address, { method: 'POST' });
      const params = { ...operation.parameters };
      return outcomeOf(await yoga.getResultForParams({ params, request }, { hvql: context }), context, world);
    } catch (thrown) {
      return outcomeOf(failed(thrown), context, world);
    } finally {
      // Where a later hook has failed.
      dropEvents(context, world.log);
    }
  };
}
