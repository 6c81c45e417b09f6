/** Runs queries with the service's own executor and context. */
import {
  execute as executeWithGraphql,
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import { messageOf } from '../../errors.ts';
import { loopHolds } from '../../sampling/schedule/loop-holds.ts';
import { requestOf, type RequestContext, type Requester, type YogaContext } from '../context.ts';
import type { DocumentStore } from '../document-store.ts';

/** graphql-js's `execute`, or a function that returns the same results. */
export type Execute = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;

/** Runs a query for a request. Never throws or rejects: a thrown value becomes an error of the result. */
export type RunQuery = (
  request: RequestContext,
  args: ExecutionArgs,
) => Promise<ExecutionResult> | ExecutionResult;

/** Runs queries with the context from `contextOf`, which contains nothing of Yoga's. */
export function queryRunner({
  contextOf,
  execute = executeWithGraphql,
}: {
  readonly contextOf: (requester: Requester) => object;
  readonly execute?: Execute;
}): RunQuery {
  return (request, args) => {
    loopHolds.begin(request);
    try {
      const result = execute(withContext(args, contextOf(request)));
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (thrown) {
      return failed(thrown);
    }
  };
}

/** Without spread syntax: because the arguments have several shapes, V8 would take as long as for a small response. */
function withContext(args: ExecutionArgs, contextValue: object): ExecutionArgs {
  return {
    schema: args.schema,
    document: args.document,
    rootValue: args.rootValue,
    contextValue,
    variableValues: args.variableValues,
    operationName: args.operationName,
    fieldResolver: args.fieldResolver,
    typeResolver: args.typeResolver,
  };
}

/** Executes through the runner. Cost, deadline and introspection by caller are decided there. */
export function useExecution(run: RunQuery, documents: DocumentStore): Plugin<YogaContext> {
  return {
    onExecute({ args, setExecuteFn, setResultAndStopExecution }) {
      const request = requestOf(args.contextValue);
      const problem = begin(request, { args, documents });
      if (problem !== null) {
        setResultAndStopExecution(problem);
        return;
      }
      request.onStart({ isSubscription: false });
      setExecuteFn((given) => run(request, given));
    },
  };
}

/** Records the operation; returns an error result if a plugin has replaced the document or its validation. */
export function begin(
  request: RequestContext,
  { args, documents }: { readonly args: ExecutionArgs; readonly documents: DocumentStore },
): ExecutionResult | null {
  const { document: stored } = request;
  const isStored = stored !== null && stored.document === args.document;
  const errors = isStored ? stored.errors : documents.check(args.document);
  if (errors.length > 0) return { errors };
  loopHolds.begin(request);
  request.operationName = (isStored && stored.operation(args.operationName)?.name?.value) || null;
  return null;
}

/**
 * Converts a thrown value to an error of the result, which is masked like others. Yoga would show a thrown string to the
 * client, and return no error for an AbortError.
 */
export function failed(thrown: unknown): ExecutionResult {
  if (thrown instanceof GraphQLError) return { errors: [thrown] };
  const originalError = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { errors: [createGraphQLError(messageOf(thrown), { originalError })] };
}
