/** Errors of fields, with their place in the document and in the answer: the same that graphql-js would make. */
import { GraphQLError, locatedError, type FieldNode } from 'graphql';
import { HvqlError, withoutStacks } from '../errors.ts';

/** Where an error happened. */
export interface ErrorPlace {
  readonly nodes: readonly FieldNode[];
  readonly path: readonly (string | number)[];
}

/** What an error says of its place in the document. */
type DocumentPlace = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

/** For a place in the document graphql-js counts the lines before it: once is enough for thousands of errors there. */
const documentPlaces = new WeakMap<object, DocumentPlace>();

/** What was thrown, located like graphql-js's `locatedError` does, but quickly where it was made on purpose. */
export function errorAt(thrown: unknown, { nodes, path }: ErrorPlace): GraphQLError {
  const isOfGraphql = thrown instanceof GraphQLError;
  if (!isOfGraphql && !(thrown instanceof HvqlError)) return locatedError(thrown, nodes, path);
  if (isOfGraphql && thrown.path !== undefined) return thrown;
  // One of graphql-js's own may have a place of its own: the argument that is wrong.
  const key = isOfGraphql && thrown.nodes !== undefined ? thrown : nodes;
  const known = documentPlaces.get(key);
  return withoutStacks(() => {
    if (known === undefined) {
      const error = locatedError(thrown, nodes, path);
      const { source, positions, locations } = error;
      documentPlaces.set(key, { nodes: error.nodes, source, positions, locations });
      return error;
    }
    const error = new GraphQLError(thrown.message, { path, originalError: thrown });
    return Object.assign(error, known);
  });
}
