/** Runs an operation so that its whole answer is read in one look. */
import { execute, visit, BREAK, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Caller } from '../access/caller.ts';
import { OperationContext, type ServiceFacts } from '../graph/context.ts';
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
  readonly signal: AbortSignal;
}

/** The context of one operation. */
export function operationContext(world: OperationWorld, request: OperationRequest): OperationContext {
  const { sampler, service } = world;
  return new OperationContext({
    caller: request.caller,
    service,
    look: sampler.look(request.signal),
    topology: () => sampler.topology(request.signal),
  });
}

/** Executes like graphql-js, over an `OperationContext`. */
export async function executeOperation(args: ExecutionArgs): Promise<ExecutionResult> {
  const context: unknown = args.contextValue;
  if (!(context instanceof OperationContext)) throw new TypeError('executeOperation needs an OperationContext');
  if (findsObjectsByReading(args.document)) await readAhead(args, context);
  return execute(args);
}

/**
 * All fields of an answer ask for their readings in one go, except below a list that is ordered by readings. So an
 * operation with such a list is run once without reading, to learn what it needs, and then all is read together.
 */
async function readAhead(args: ExecutionArgs, context: OperationContext): Promise<void> {
  const plan = new PlanningLook(context.look.defaultOver);
  await execute({ ...args, contextValue: context.withLook(plan) });
  await context.look.readAhead(plan.requests);
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
