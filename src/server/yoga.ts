/** Yoga with this service's own parts plugged in. Every way in goes through it, so that what holds on one holds on all. */
import {
  execute as executeWithGraphql,
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  subscribe as subscribeWithGraphql,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  validate,
} from 'graphql';
import { createYoga, type Plugin, type PromiseOrValue, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import { documentProblem, textProblem, type DocumentLimits } from '../execution/document-limit.ts';
import type { Introspection } from '../graph/context.ts';
import type { AuditedCall } from './audit.ts';
import type { Asker, Call } from './call.ts';
import { documentCache } from './document-cache.ts';
import { documentRules } from './document-rule.ts';
import { maskResult } from './result-mask.ts';

/** Runs one operation; graphql-js's `execute`, or one that gives the same answers. */
export type Execute = (args: ExecutionArgs) => PromiseOrValue<ExecutionResult>;

/**
 * Starts one subscription; graphql-js's `subscribe`, or one that gives the same. Where it starts, the result is an
 * iterator of finished events that is asked for the next one only when the last one has been handed to the client's
 * socket, and whose `return` is called, also while a `next` is pending, once the client or the server goes away.
 */
export type Subscribe = (
  args: ExecutionArgs,
) => PromiseOrValue<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;

/** What is served. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  /** The GraphQL context of a call. */
  readonly contextOf: (asker: Asker) => object;
  readonly execute?: Execute | undefined;
  readonly subscribe?: Subscribe | undefined;
  readonly limits: DocumentLimits;
  readonly introspection: Introspection;
  readonly log: Logger;
}

/** Yoga as this service uses it: its context is the call. */
export type Yoga = YogaServerInstance<AuditedCall, object>;

/** Mistakes of a document that are told; there are hardly more to learn from. */
const validationErrorLimit = 20;
/**
 * Characters of documents that are kept parsed: hundreds of operations as people write them. Parsed, a character takes
 * up to 400 bytes (`{a{a}a`), so that the worst that strangers can fill this with is 50 MB.
 */
const keptCharacters = 131_072;
/**
 * Characters of a document in which errors say where they are. graphql-js counts the lines from the start for each one,
 * and there may be thousands.
 */
const locatedCharacters = 16_384;

/** Opens Yoga for a schema. */
export function openYoga(options: YogaOptions): Yoga {
  return createYoga<AuditedCall>({
    schema: options.schema,
    context: ({ asker }) => options.contextOf(asker),
    plugins: [useOperationRequest(), useDocumentCheck(options), useEngine(options), useMask(options.log)],
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
}

/** The operation has been read by then, since the identity comes before it. */
function useOperationRequest(): Plugin<object, Call> {
  return {
    onRequestParse: ({ serverContext, setRequestParser }) =>
      setRequestParser(() => serverContext.operation.parameters),
  };
}

/** What may be in a document: the same for whatever brought it, and checked before any of it runs. */
function useDocumentCheck({ limits, introspection }: YogaOptions): Plugin<object, Call> {
  const rules = introspection === 'off' ? [...documentRules, NoSchemaIntrospectionCustomRule] : documentRules;
  const options = { hideSuggestions: introspection !== 'on', maxErrors: validationErrorLimit };
  return {
    onParse: ({ setParseFn }) =>
      setParseFn((source: string) => {
        const problem = textProblem(source, limits);
        if (problem !== null) throw problem;
        return whereNotTooDeep(() => parse(source, { noLocation: source.length > locatedCharacters }));
      }),
    onValidate: ({ setValidationFn }) =>
      setValidationFn((schema: GraphQLSchema, document: DocumentNode) =>
        whereNotTooDeep(() => {
          const problem = documentProblem(document, limits);
          if (problem !== null) return [problem];
          return withoutStacks(validate(schema, document, rules, options));
        }),
      ),
  };
}

function useEngine({
  execute = executeWithGraphql,
  subscribe = subscribeWithGraphql,
}: Pick<YogaOptions, 'execute' | 'subscribe'>): Plugin<Call> {
  return {
    onExecute: ({ args, setExecuteFn }) => {
      tellName(args);
      setExecuteFn(execute);
    },
    onSubscribe: ({ args, setSubscribeFn, setResultAndStopExecution }) => {
      tellName(args);
      if (args.contextValue.takesEvents) setSubscribeFn(subscribe);
      else setResultAndStopExecution({ errors: [needsEvents()] });
    },
  };
}

/** Errors are kept with their document, and their stacks would keep all that stood on them: 50 KB for a short text. */
function withoutStacks(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  for (const error of errors) error.stack = '';
  return errors;
}

/** graphql-js walks documents by recursion: nested deep enough, and within the limit of tokens, they exhaust the stack. */
function whereNotTooDeep<Result>(walk: () => Result): Result {
  try {
    return walk();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new GraphQLError('The document is nested too deeply to be read.', {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  }
}

function tellName({ document, operationName, contextValue }: ExecutionArgs & { contextValue: Call }): void {
  const name = getOperationAST(document, operationName)?.name?.value;
  if (name !== undefined) contextValue.onOperation(name);
}

function needsEvents(): GraphQLError {
  return new GraphQLError(
    'A subscription is answered with events: ask with "Accept: text/event-stream" (Server-Sent Events), or over ' +
      'WebSocket with the subprotocol graphql-transport-ws.',
    { extensions: { code: 'NOT_ACCEPTABLE', http: { status: 406 } } },
  );
}

/** The one way out of a fetch: every result, whatever made it, goes through here before it is written. */
function useMask(log: Logger): Plugin<object, AuditedCall> {
  return {
    onResultProcess: (payload) => {
      const { asker, audit } = payload.serverContext;
      const { requestId, signal } = asker;
      // There are neither batches nor, by fetch, events.
      payload.setResult(maskResult(payload.result as ExecutionResult, { requestId, signal, log, audit }));
    },
  };
}
