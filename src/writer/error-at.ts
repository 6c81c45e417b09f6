/** Field errors with their location in the document and their path: the same as those of graphql-js. */
import { GraphQLError, locatedError, type FieldNode } from 'graphql';
import { HvqlError, withoutStacks } from '../errors.ts';

/** Where an error occurred. */
export interface ErrorPlace {
  readonly nodes: readonly FieldNode[];
  readonly path: readonly (string | number)[];
}

/** The location of an error in the document. */
type DocumentPlace = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

/** To find a location graphql-js counts the lines before it. Once is enough for thousands of errors at one location. */
const documentPlaces = new WeakMap<object, DocumentPlace>();

/** Locates a thrown value like graphql-js's `locatedError`, but faster for errors of this service. */
export function errorAt(thrown: unknown, { nodes, path }: ErrorPlace): GraphQLError {
  const isOfGraphql = thrown instanceof GraphQLError;
  if (!isOfGraphql && !(thrown instanceof HvqlError)) return locatedError(thrown, nodes, path);
  if (isOfGraphql && thrown.path !== undefined) return thrown;
  // An error of graphql-js may have its own location: the invalid argument.
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
