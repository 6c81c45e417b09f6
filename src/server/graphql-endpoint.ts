/** Operations on their way through Yoga: parsed, validated, executed, written in the media type that was asked for. */
import {
  execute as executeWithGraphql,
  getOperationAST,
  parse,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import {
  createYoga,
  isAsyncIterable,
  mapAsyncIterator,
  type Plugin,
  type PromiseOrValue,
} from 'graphql-yoga';
import type { Logger } from 'pino';
import { documentCache } from './document-cache.ts';
import type { Identified } from './identity.ts';
import type { OperationRequest } from './operation-request.ts';
import { maskResult } from './result-mask.ts';

/** Who asks, and for how long the answer is wanted. */
export interface Asker extends Identified {
  /** Aborted once nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/** Runs one operation; graphql-js's `execute`, or one that gives the same answers. */
export type Execute = (args: ExecutionArgs) => PromiseOrValue<ExecutionResult>;

/** What the endpoint serves. */
export interface EndpointOptions {
  readonly schema: GraphQLSchema;
  /** The GraphQL context of a request. */
  readonly contextOf: (asker: Asker) => object;
  readonly execute?: Execute | undefined;
  readonly log: Logger;
}

/** One request for the endpoint. */
export interface EndpointRequest {
  readonly method: 'GET' | 'POST';
  /** The media types that the client takes. */
  readonly accept: string;
  readonly operation: OperationRequest;
  readonly asker: Asker;
  /** Told the name of the operation that runs, where it has one. */
  readonly onOperation: (name: string) => void;
}

/** Answers one request. Errors are part of the response; rejects only when the asker's signal aborts. */
export type Endpoint = (request: EndpointRequest) => Promise<Response>;

/** Characters of documents that are kept parsed. */
const keptCharacters = 1_048_576;
/** More than any question needs; without a bound a body of 1 MiB would be half a million fields to validate. */
const documentLimitInTokens = 10_000;

/** The endpoint of a schema. */
export function graphqlEndpoint(options: EndpointOptions): Endpoint {
  const yoga = createYoga<EndpointRequest>({
    schema: options.schema,
    context: ({ asker }) => options.contextOf(asker),
    plugins: [useOperationRequest(), useEngine(options.execute ?? executeWithGraphql), useMask(options.log)],
    parserAndValidationCache: {
      documentCache: documentCache<DocumentNode>(keptCharacters),
      errorCache: documentCache<unknown>(keptCharacters),
    },
    // All of these have their one place elsewhere in this folder.
    maskedErrors: false,
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    maxRequestBodySize: false,
  });
  return async (request) => {
    const { method, accept, asker } = request;
    // Neither the address nor the authorization goes further than this folder: nothing but the identity says who asks.
    const headers = { accept };
    return yoga.fetch('http://hvql/graphql', { method, headers, signal: asker.signal }, request);
  };
}

/** The operation has been read by then, since the identity comes before it. */
function useOperationRequest(): Plugin<object, EndpointRequest> {
  return {
    onRequestParse: ({ serverContext, setRequestParser }) => setRequestParser(() => serverContext.operation),
  };
}

function useEngine(execute: Execute): Plugin<EndpointRequest> {
  return {
    onParse: ({ setParseFn }) =>
      setParseFn((source: string) => parse(source, { maxTokens: documentLimitInTokens })),
    onExecute: (payload) => {
      const args: ExecutionArgs = payload.args;
      const name = getOperationAST(args.document, args.operationName)?.name?.value;
      if (name !== undefined) payload.args.contextValue.onOperation(name);
      payload.setExecuteFn(execute);
    },
  };
}

/** The one way out: every result, whatever made it, goes through here before it is written. */
function useMask(log: Logger): Plugin<object, EndpointRequest> {
  return {
    onResultProcess: (payload) => {
      const { result, serverContext } = payload;
      const { requestId, signal } = serverContext.asker;
      const context = { requestId, signal, log };
      if (isAsyncIterable(result)) {
        payload.setResult(mapAsyncIterator(result, (event: ExecutionResult) => maskResult(event, context)));
      } else if (!Array.isArray(result)) {
        payload.setResult(maskResult(result, context));
      }
    },
  };
}
