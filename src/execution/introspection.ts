/** Who may ask for the schema. */
import { BREAK, visit, type DocumentNode } from 'graphql';
import { HvqlError } from '../errors.ts';
import type { OperationContext } from '../graph/context.ts';

/**
 * Why the caller may not ask what the document asks of the schema; null where it may, or asks nothing of it. That
 * nobody may is for validation to say, in the words that clients know.
 */
export async function introspectionProblem(
  document: DocumentNode,
  operation: OperationContext,
): Promise<HvqlError | null> {
  if (operation.service.introspection === 'on' || !introspects(document)) return null;
  try {
    if ((await operation.view()).access.isRoot) return null;
  } catch (error) {
    if (error instanceof HvqlError) return error;
    throw error;
  }
  const message = 'Access denied: only the root partition may ask for the schema.';
  return new HvqlError('ACCESS_DENIED', message, { reason: 'NOT_ROOT' });
}

const known = new WeakMap<DocumentNode, boolean>();

/** Whether a document asks for more of the schema than the name of a type. */
function introspects(document: DocumentNode): boolean {
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
