/** Runs an operation for the ways that can answer with events: event streams and WebSockets. */
import {
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { isAsyncIterable, type PromiseOrValue } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { AdmittedOperation } from './admission.ts';
import { audited, type AuditWorld } from './audit.ts';
import type { Call } from './call.ts';
import { maskErrors } from './error-mask.ts';
import { Events } from './events.ts';
import type { OperationRequest } from './operation-request.ts';
import { maskEvent } from './result-mask.ts';
import type { Yoga } from './yoga.ts';

/** What comes of an operation: one result, without `data` where nothing ran, or events. Their errors are masked. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'events'; readonly events: Events };

/** Runs an operation. Never rejects: whatever goes wrong is a result. */
export type RunOperation = (call: Call) => Promise<Outcome>;

/** Runs operations as Yoga would, through its plugins and over its context, but leaves the answer to the caller. */
export function operationRunner(
  yoga: Yoga,
  { log, auditWorld }: { readonly log: Logger; readonly auditWorld: AuditWorld | null },
): RunOperation {
  return async (asked) => {
    const call = audited(asked, auditWorld);
    const { requestId, signal } = call.asker;
    const context = { requestId, signal, log, audit: call.audit };
    try {
      const result = await perform(yoga, call);
      if (isAsyncIterable<ExecutionResult>(result)) {
        return { kind: 'events', events: new Events(result[Symbol.asyncIterator](), context) };
      }
      return { kind: 'result', result: maskEvent(result, context) };
    } catch (thrown) {
      return { kind: 'result', result: { errors: maskErrors([thrown], context) } };
    }
  };
}

/** Whether an operation is a subscription. One that cannot be parsed is none. */
export function isSubscription(yoga: Yoga, operation: AdmittedOperation): boolean {
  try {
    const { parse } = envelop(yoga, yogaContext({ method: 'POST', operation }));
    return isLive(parse(operation.query), readName(operation.parameters));
  } catch {
    return false;
  }
}

/** The steps of Yoga's own processRequest (graphql-yoga, process-request.ts). */
async function perform(
  yoga: Yoga,
  call: Call,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const { query, parameters } = call.operation;
  const [operationName, variableValues] = [readName(parameters), readVariables(parameters)];
  const enveloped = envelop(yoga, { ...call, ...yogaContext(call) });
  const document = enveloped.parse(query);
  const errors = enveloped.validate(enveloped.schema, document);
  if (errors.length > 0) return { errors };
  const contextValue = await enveloped.contextFactory();
  const run = isLive(document, operationName) ? enveloped.subscribe : enveloped.execute;
  return run({ schema: enveloped.schema, document, contextValue, variableValues, operationName });
}

function isLive(document: DocumentNode, operationName: string | null): boolean {
  return getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
}

/** What envelop's types leave open. */
interface Enveloped {
  readonly schema: GraphQLSchema;
  readonly parse: (text: string) => DocumentNode;
  readonly validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  readonly contextFactory: () => PromiseOrValue<object>;
  readonly execute: (args: ExecutionArgs) => PromiseOrValue<ExecutionResult>;
  readonly subscribe: (
    args: ExecutionArgs,
  ) => PromiseOrValue<ExecutionResult | AsyncIterableIterator<ExecutionResult>>;
}

function envelop(yoga: Yoga, context: object): Enveloped {
  return yoga.getEnveloped(context);
}

/** What Yoga's own plugins look for in a context: without a request they skip their checks. */
function yogaContext({ method, operation }: Pick<Call, 'method' | 'operation'>): object {
  return { request: requests[method], params: operation.parameters };
}
const requests = { GET: { method: 'GET' }, POST: { method: 'POST' } };

function readName({ operationName }: OperationRequest): string | null {
  if (typeof operationName === 'string' || operationName == null) return operationName ?? null;
  throw badParameter('operationName', 'a string');
}

function readVariables({ variables }: OperationRequest): Record<string, unknown> | null {
  if (variables == null) return null;
  if (typeof variables !== 'object' || Array.isArray(variables)) throw badParameter('variables', 'an object');
  return variables as Record<string, unknown>;
}

function badParameter(name: string, needed: string): GraphQLError {
  const message = `The parameter ${name} needs to be ${needed}, or to be left out.`;
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } });
}
