/** Runs an operation for the ways that can answer with events: event streams and WebSockets. */
import { GraphQLError, OperationTypeNode, type ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { AdmittedOperation } from './admission.ts';
import { auditOf, type AuditWorld } from './audit.ts';
import type { Call } from './call.ts';
import { isEvents, type Engine } from './engine.ts';
import { maskErrors } from './error-mask.ts';
import { Events } from './events.ts';
import { HttpProblem, problemError } from './http-problem.ts';
import type { OperationRequest } from './operation-request.ts';
import { maskResult } from './result-mask.ts';

/** What comes of an operation: one result, without `data` where nothing ran, or events. Their errors are masked. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'events'; readonly events: Events };

/** Runs an operation. Never rejects: whatever goes wrong is a result. */
export type RunOperation = (call: Call) => Promise<Outcome>;

/** Runs operations, but leaves the answer to the caller. */
export function operationRunner(
  engine: Engine,
  {
    log,
    auditWorld,
    now,
  }: { readonly log: Logger; readonly auditWorld: AuditWorld | null; readonly now: () => number },
): RunOperation {
  return async (call) => {
    const audit = auditOf(call, auditWorld);
    const context = { asker: call.asker, log, audit };
    try {
      const { parameters } = call.operation;
      const [operationName, variables] = [readName(parameters), readVariables(parameters)];
      const result = await engine.run({ call, operationName, variables, audit });
      if (!isEvents(result)) return { kind: 'result', result: maskResult(result, context) };
      return { kind: 'events', events: new Events(result, { ...context, now }) };
    } catch (thrown) {
      if (thrown instanceof HttpProblem)
        return { kind: 'result', result: { errors: [problemError(thrown)] } };
      return { kind: 'result', result: { errors: maskErrors([thrown], context) } };
    }
  };
}

/** Whether an operation is a subscription. One that cannot be parsed is none. */
export function isSubscription({ prepare }: Engine, { query, parameters }: AdmittedOperation): boolean {
  const prepared = prepare(query);
  if (prepared.document === null) return false;
  return prepared.operation(parameters['operationName'])?.operation === OperationTypeNode.SUBSCRIPTION;
}

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
