/** How many counter values a field asks for. */
import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

/** Counts the counters selected below a field of counters, deltas or rates; each alias for itself. */
export function countSelectedValues({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const countIn = (set: SelectionSetNode | undefined): number =>
    (set?.selections ?? []).reduce((count, selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          // What has a selection of its own is the interval, and what begins with an underscore is GraphQL's.
          return (
            count + (selection.selectionSet === undefined && !selection.name.value.startsWith('_') ? 1 : 0)
          );
        case Kind.INLINE_FRAGMENT:
          return count + countIn(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD:
          return count + countIn(fragments[selection.name.value]?.selectionSet);
      }
    }, 0);
  return fieldNodes.reduce((count, { selectionSet }) => count + countIn(selectionSet), 0);
}
