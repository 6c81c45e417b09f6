/** Runs an operation: planned first, refused where it asks for too much, then read in one look, then executed. */
import { execute, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Caller } from '../access/caller.ts';
import type { HvqlError } from '../errors.ts';
import { OperationContext, type GraphContext, type ServiceFacts } from '../graph/context.ts';
import type { LookRequest } from '../sampling/look.ts';
import { PlanningLook } from '../sampling/planning-look.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { costProblem } from './cost.ts';
import { OperationDeadline } from './deadline.ts';
import { introspectionProblem } from './introspection.ts';
import { planOperation } from './plan.ts';

/** What operations are run with. */
export interface OperationWorld {
  readonly sampler: Sampler;
  readonly service: ServiceFacts;
}

/** A request to run an operation: who asks, and the signal that ends it. */
export interface OperationRequest {
  readonly caller: Caller;
  /** When the caller's identity ends, milliseconds since 1970; null where it never does. */
  readonly expiresAt: number | null;
  readonly signal: AbortSignal;
}

/** The context of one operation, and the time that it has. */
export interface ExecutionContext extends GraphContext {
  readonly deadline: OperationDeadline;
}

/** The context of one operation. */
export function operationContext(world: OperationWorld, request: OperationRequest): ExecutionContext {
  const { sampler, service } = world;
  const deadline = new OperationDeadline(request.signal);
  const look = sampler.look(deadline.signal);
  const topology = () => sampler.topology(deadline.signal);
  const { caller, expiresAt } = request;
  return { operation: new OperationContext({ caller, service, look, topology }), expiresAt, deadline };
}

/** Executes like graphql-js, over the context that `operationContext` made. */
export async function executeOperation(args: ExecutionArgs): Promise<ExecutionResult> {
  // graphql-js leaves the type of contexts to its users.
  const { deadline } = args.contextValue as ExecutionContext;
  try {
    return await executeInTime(args);
  } finally {
    deadline.stop();
  }
}

async function executeInTime(args: ExecutionArgs): Promise<ExecutionResult> {
  const context = args.contextValue as ExecutionContext;
  const { operation, deadline } = context;
  const { limits, introspection } = operation.service;
  deadline.start(limits.maxTimeMilliseconds);
  const refusal = await introspectionProblem(args.document, operation);
  if (refusal !== null) return refused(refusal);
  const look = new PlanningLook(operation.look.defaultOver);
  const plan = await planOperation(
    { ...args, contextValue: { ...context, operation: operation.withLook(look) } },
    look,
  );
  const problem = costProblem(plan, limits);
  if (problem !== null) return refused(problem);
  deadline.start(limits.maxTimeMilliseconds, longestWait(plan.requests, operation.look.defaultOver));
  // All fields of an answer ask for their readings in one go, except below a list that is ordered by readings.
  await operation.look.readAhead(plan.requests);
  if (deadline.problem !== null) return refused(deadline.problem);
  return execute({ ...args, ...coercion, hideSuggestions: introspection !== 'on' });
}

/** Mistakes of variables that are told: for each one graphql-js writes down all of the variable. */
export const coercion = { options: { maxCoercionErrors: 5 } } as const;

/** How long the operation asks to wait for its second readings. */
function longestWait(requests: readonly LookRequest[], defaultOver: LookRequest['over']): number {
  return requests.reduce((longest, { over }) => {
    const wait = over === 'PREVIOUS_EVENT' ? defaultOver : over;
    return typeof wait === 'number' ? Math.max(longest, wait) : longest;
  }, 0);
}

/** The result of an operation of which nothing was run. */
export function refused(problem: HvqlError): ExecutionResult {
  return { errors: [new GraphQLError(problem.message, { originalError: problem })] };
}
