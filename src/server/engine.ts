/** Runs an operation that was admitted, whatever brought it: what holds on one way in holds on all. */
import {
  execute as executeWithGraphql,
  GraphQLError,
  OperationTypeNode,
  subscribe as subscribeWithGraphql,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import type { CallAudit } from './audit.ts';
import type { Asker, Call } from './call.ts';
import { HttpProblem } from './http-problem.ts';
import { preparation, type PreparationOptions, type Prepare } from './prepared-document.ts';

/** Runs one operation; graphql-js's `execute`, or one that gives the same answers. */
export type Execute = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;

/** What a subscription gives: events, or the errors of one that could not start. */
export type Subscribed = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/**
 * Starts one subscription; graphql-js's `subscribe`, or one that gives the same. Where it starts, the result is an
 * iterator of finished events that is asked for the next one only when the last one has been handed to the client's
 * socket, and whose `return` is called, also while a `next` is pending, once the client or the server goes away.
 */
export type Subscribe = (args: ExecutionArgs) => Promise<Subscribed> | Subscribed;

/** What is served. */
export interface EngineOptions extends PreparationOptions {
  /** The GraphQL context of a call. */
  readonly contextOf: (asker: Asker) => object;
  readonly execute?: Execute | undefined;
  readonly subscribe?: Subscribe | undefined;
}

/** A call with what its parameters say. */
export interface EngineCall {
  readonly call: Call;
  readonly operationName: unknown;
  readonly variables: Readonly<Record<string, unknown>> | null;
  /** null where there is no audit trail. */
  readonly audit: CallAudit | null;
}

/** Runs operations, and prepares their documents. */
export interface Engine {
  readonly prepare: Prepare;
  /**
   * Gives a result, at once where nothing has to be waited for, or events where the call takes them. Errors of it are
   * not masked yet. Throws, or rejects, with whatever the service itself could not do, and with an HttpProblem for
   * what must not be asked in this way.
   */
  run(call: EngineCall): Promise<Subscribed> | Subscribed;
}

/** The engine of a schema. */
export function openEngine(options: EngineOptions): Engine {
  const { schema, contextOf, execute = executeWithGraphql, subscribe = subscribeWithGraphql } = options;
  const prepare = preparation(options);
  return {
    prepare,
    run: ({ call, operationName, variables, audit }) => {
      const prepared = prepare(call.operation.query);
      if (prepared.document === null) return { errors: prepared.errors };
      const operation = prepared.operation(operationName);
      if (operation === null) return { errors: [noOperation()] };
      if (operation.operation === OperationTypeNode.MUTATION && call.method === 'GET') throw onlyByPost();
      if (prepared.errors.length > 0) return { errors: prepared.errors };
      if (operation.name !== undefined) {
        if (audit !== null) audit.operationName = operation.name.value;
        call.onOperation(operation.name.value);
      }
      const isLive = operation.operation === OperationTypeNode.SUBSCRIPTION;
      if (isLive && !call.takesEvents) return { errors: [needsEvents()] };
      const args = {
        schema,
        document: prepared.document,
        contextValue: contextOf(call.asker),
        variableValues: variables,
        operationName: operationName as string | null | undefined,
      };
      return isLive ? subscribe(args) : execute(args);
    },
  };
}

/** Whether what came of an operation is a stream of events. */
export function isEvents(result: Subscribed): result is AsyncIterableIterator<ExecutionResult> {
  return Symbol.asyncIterator in result;
}

function noOperation(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });
}

/** GraphQL over HTTP, 5.3: what is asked by GET must not change anything. */
function onlyByPost(): HttpProblem {
  return new HttpProblem('Can only perform a mutation operation from a POST request.', {
    status: 405,
    code: 'BAD_REQUEST',
    headers: { allow: 'POST' },
  });
}

function needsEvents(): GraphQLError {
  return new GraphQLError(
    'A subscription is answered with events: ask with "Accept: text/event-stream" (Server-Sent Events), or over ' +
      'WebSocket with the subprotocol graphql-transport-ws.',
    { extensions: { code: 'NOT_ACCEPTABLE' } },
  );
}
