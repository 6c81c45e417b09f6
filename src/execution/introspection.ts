/** Who may use introspection. */
import { BREAK, visit, type DocumentNode } from 'graphql';
import { HvqlError } from '../errors.ts';
import type { OperationContext, View } from '../graph/context.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';

/**
 * ACCESS_DENIED if the document uses introspection and the caller may not; else null. If introspection is off for all
 * callers, validation reports it, with the message that clients know.
 */
export function introspectionProblem(
  document: DocumentNode,
  operation: OperationContext,
): MaybePromise<HvqlError | null> {
  if (operation.service.introspection === 'on' || !introspects(document)) return null;
  try {
    const view = operation.view();
    return view instanceof Promise ? view.then(problemOf, expected) : problemOf(view);
  } catch (error) {
    return expected(error);
  }
}

function problemOf({ access }: View): HvqlError | null {
  if (access.isRoot) return null;
  const message = 'Access denied: only the root partition may use introspection.';
  return new HvqlError('ACCESS_DENIED', message, { reason: 'NOT_ROOT' });
}

function expected(error: unknown): HvqlError {
  if (error instanceof HvqlError) return error;
  throw error;
}

const known = new WeakMap<DocumentNode, boolean>();

/** Whether a document selects `__schema` or `__type`. */
export function introspects(document: DocumentNode): boolean {
  let found = known.get(document);
  if (found !== undefined) return found;
  found = false;
  visit(document, {
    Field(node) {
      if (node.name.value !== '__schema' && node.name.value !== '__type') return undefined;
      found = true;
      return BREAK;
    },
  });
  known.set(document, found);
  return found;
}
