/** Runs an operation so that its whole answer is read in one look. */
import { execute, visit, BREAK, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Caller } from '../access/caller.ts';
import { OperationContext, type GraphContext, type ServiceFacts } from '../graph/context.ts';
import { PlanningLook } from '../sampling/planning-look.ts';
import type { Sampler } from '../sampling/sampler.ts';

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

/** The context of one operation. */
export function operationContext(world: OperationWorld, request: OperationRequest): GraphContext {
  const { sampler, service } = world;
  const look = sampler.look(request.signal);
  const topology = () => sampler.topology(request.signal);
  const { caller, expiresAt } = request;
  return { operation: new OperationContext({ caller, service, look, topology }), expiresAt };
}

/** Executes like graphql-js, over the context that `operationContext` made. */
export async function executeOperation(args: ExecutionArgs): Promise<ExecutionResult> {
  if (findsObjectsByReading(args.document)) await readAhead(args);
  return execute(args);
}

/**
 * All fields of an answer ask for their readings in one go, except below a list that is ordered by readings. So an
 * operation with such a list is run once without reading, to learn what it needs, and then all is read together.
 */
async function readAhead(args: ExecutionArgs): Promise<void> {
  // graphql-js leaves the type of contexts to its users.
  const context = args.contextValue as GraphContext;
  const { look } = context.operation;
  const plan = new PlanningLook(look.defaultOver);
  await execute({ ...args, contextValue: { ...context, operation: context.operation.withLook(plan) } });
  await look.readAhead(plan.requests);
}

const knownDocuments = new WeakMap<DocumentNode, boolean>();

/** Whether the document has a list that is ordered by readings. */
function findsObjectsByReading(document: DocumentNode): boolean {
  let found = knownDocuments.get(document);
  if (found !== undefined) return found;
  found = false;
  visit(document, {
    Argument(node) {
      if (node.name.value !== 'orderBy') return undefined;
      found = true;
      return BREAK;
    },
  });
  knownDocuments.set(document, found);
  return found;
}
