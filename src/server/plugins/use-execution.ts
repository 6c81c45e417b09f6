/** Queries are run by the service's own executor, over its own context. */
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

/** graphql-js's `execute`, or a function that gives the same results. */
export type Execute = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;

/** Runs a query for a request. Never throws or rejects: what was thrown is an error of the result. */
export type RunQuery = (
  request: RequestContext,
  args: ExecutionArgs,
) => Promise<ExecutionResult> | ExecutionResult;

/** Runs queries over the context of `contextOf`, without anything of Yoga's. */
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

/** Written out: where the arguments have several shapes, as here, V8 spreads them at the cost of a small answer. */
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

/** Notes the operation that runs; a result where it may not: a plugin may have replaced the document or its validation. */
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
 * What was thrown as an error of the result, which is masked like others. Yoga would show a thrown string to the client,
 * and answer an AbortError without an error.
 */
export function failed(thrown: unknown): ExecutionResult {
  if (thrown instanceof GraphQLError) return { errors: [thrown] };
  const originalError = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { errors: [createGraphQLError(messageOf(thrown), { originalError })] };
}
