/** Runs an operation: planned first, refused where it asks for too much, then read in one look, then executed. */
import { execute, getOperationAST, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Caller } from '../access/caller.ts';
import type { HvqlError } from '../errors.ts';
import { OperationContext, type GraphContext, type ServiceFacts } from '../graph/context.ts';
import type { LookRequest } from '../sampling/look.ts';
import { PlanningLook } from '../sampling/planning-look.ts';
import type { OperationLook } from '../sampling/operation-look.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { selectionOf } from '../writer/selection.ts';
import { writeResult } from '../writer/write.ts';
import { costProblem } from './cost.ts';
import { OperationDeadline } from './deadline.ts';
import { introspectionProblem } from './introspection.ts';
import { planOperation } from './plan.ts';

/** What operations are run with. */
export interface OperationWorld {
  readonly sampler: Sampler;
  readonly service: ServiceFacts;
  /** Whether answers are written as bytes; where not, graphql-js makes objects of them, and says the same. */
  readonly writesBytes?: boolean;
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
  /** The operation's look, to which only this folder says what to read. */
  readonly look: OperationLook;
  readonly writesBytes: boolean;
}

/** The context of one operation. */
export function operationContext(world: OperationWorld, request: OperationRequest): ExecutionContext {
  const { sampler, service, writesBytes = true } = world;
  const deadline = new OperationDeadline(request.signal);
  const look = sampler.look(deadline.signal);
  const topology = () => sampler.topology(deadline.signal);
  const { caller, expiresAt } = request;
  const operation = new OperationContext({ caller, service, look, topology });
  return { operation, expiresAt, deadline, look, writesBytes };
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
  const { operation, deadline, look } = context;
  const { limits, introspection } = operation.service;
  deadline.start(limits.maxTimeMilliseconds);
  const refusal = await introspectionProblem(args.document, operation);
  if (refusal !== null) return refused(refusal);
  const planning = new PlanningLook(look.defaultOver);
  const plan = await planOperation(
    { ...args, contextValue: { ...context, operation: operation.withLook(planning) } },
    planning,
  );
  const problem = costProblem(plan, limits);
  if (problem !== null) return refused(problem);
  deadline.start(limits.maxTimeMilliseconds, longestWait(plan.requests, look.defaultOver));
  try {
    await look.readAhead(plan.requests);
  } catch (error) {
    // The wait for second readings ends with the deadline, in words of its own.
    if (deadline.problem === null) throw error;
  }
  if (deadline.problem !== null) return refused(deadline.problem);
  const written = context.writesBytes ? writtenOrNull(args) : null;
  return written ?? execute({ ...args, ...coercion, hideSuggestions: introspection !== 'on' });
}

/** The result with its data written; null where that has to be left to graphql-js. */
export function writtenOrNull(args: ExecutionArgs): ExecutionResult | null {
  const operation = getOperationAST(args.document, args.operationName);
  const selection = operation == null ? null : selectionOf(operation, args);
  return selection === null ? null : writeResult(args, selection);
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
