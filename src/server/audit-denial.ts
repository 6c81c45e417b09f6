/** The reads that a result was denied, as the audit trail tells of them. */
import { GraphQLError } from 'graphql';
import { AccessDenied, type DeniedObject } from '../access/access-denied.ts';

/** One denied read. */
export interface Denial {
  /** "hypervisor", "logical-processor 3", "logical-processors", "partition 9", "virtual-processor 9/0", or "schema". */
  readonly object: string;
  /** Where in the answer, "hypervisor.partitions.0.parent"; null where nothing ran. Callers choose it, at any length. */
  readonly path: string | null;
  /** Why, in the words of `extensions.reason`. */
  readonly reason: string | null;
}

/** The longest path that is told: aliases may be of any length, and stand before each element of a list. */
const pathLimit = 300;

/** The denied reads among the errors of a result, each error being one. */
export function denialsOf(errors: readonly GraphQLError[]): readonly Denial[] {
  return errors.filter(({ extensions }) => extensions['code'] === 'ACCESS_DENIED').map(denialOf);
}

const keysOf = new WeakMap<readonly GraphQLError[], ReadonlyMap<string, Denial>>();

/**
 * The denied reads of an event by what tells them from others. The same errors give the same map: one event goes to
 * many streams.
 */
export function denialsByKey(errors: readonly GraphQLError[]): ReadonlyMap<string, Denial> {
  let denials = keysOf.get(errors);
  if (denials === undefined) {
    denials = new Map(denialsOf(errors).map((denial) => [JSON.stringify(denial), denial]));
    keysOf.set(errors, denials);
  }
  return denials;
}

function denialOf(error: GraphQLError): Denial {
  const { path, extensions } = error;
  const { reason } = extensions;
  return {
    object: nameOf(objectOf(error)),
    path: path === undefined ? null : cut(path.join('.')),
    reason: typeof reason === 'string' ? reason : null,
  };
}

/** What was to be read; null for the schema, which the access rules know nothing of. */
function objectOf(error: GraphQLError): DeniedObject | null {
  let root: Error | undefined = error;
  while (root instanceof GraphQLError) root = root.originalError;
  return root instanceof AccessDenied ? root.object : null;
}

function nameOf(object: DeniedObject | null): string {
  switch (object?.object) {
    case undefined:
      return 'schema';
    case 'HYPERVISOR':
      return 'hypervisor';
    case 'LOGICAL_PROCESSOR':
      return object.index === 'all' ? 'logical-processors' : `logical-processor ${object.index}`;
    case 'PARTITION':
      return `partition ${object.partitionId}`;
    case 'VIRTUAL_PROCESSOR':
      return `virtual-processor ${object.partitionId}/${object.index}`;
  }
}

function cut(path: string): string {
  return path.length <= pathLimit ? path : `${path.slice(0, pathLimit - 1)}…`;
}
