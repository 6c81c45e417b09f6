/**
 * Counts the pairs of fields that graphql-js compares to validate a document: all pairs with the same response name at
 * the same position (GraphQL, 5.3.2, Field Selection Merging). The number grows with the square of the document size.
 * graphql-js gives up at 500,000 pairs, after a quarter of a second.
 */
import {
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** The maximum number of pairs, which takes some 20 ms. A field that occurs once needs no comparison. */
export const comparisonLimit = 125_000;
/** The weight of a pair of fields with sub-fields, or of fragments, relative to a pair of leaves. */
const leavesOfPair = 4;
/** The maximum number of fields visited, with fragments expanded. A larger document counts as too many pairs. */
const visitLimit = 200_000;
/** Deeper than the depth limit, which is checked first. Ends the recursion of fragments that spread themselves. */
const depthLimit = 100;

/** The number of pairs; any number above the limit if there are more. */
export function comparisonsOf(document: DocumentNode): number {
  const counter = new PairCounter(document);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) counter.add([definition.selectionSet], 0);
    if (counter.isOver) break;
  }
  // graphql-js compares two fragments once, wherever they are spread.
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION || counter.hasMet(definition)) continue;
    if (counter.isOver) break;
    counter.add([definition.selectionSet], 0);
  }
  return counter.pairs;
}

class PairCounter {
  pairs = 0;
  #visits = 0;
  /** Names of fragments that some selection spreads. */
  readonly #met = new Set<string>();
  readonly #fragments = new Map<string, FragmentDefinitionNode>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition);
    }
  }

  hasMet({ name }: FragmentDefinitionNode): boolean {
    return this.#met.has(name.value);
  }

  get isOver(): boolean {
    return this.pairs > comparisonLimit;
  }

  /** Counts the pairs in merged selection sets and below them. */
  add(sets: readonly SelectionSetNode[], depth: number): void {
    const fields = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const set of sets) this.#collect(set, { fields, spread });
    this.pairs += pairsOf(spread.size) * leavesOfPair;
    for (const same of fields.values()) {
      const isLeaf = same[0]?.selectionSet === undefined;
      this.pairs += pairsOf(same.length) * (isLeaf ? 1 : leavesOfPair);
    }
    if (this.#visits > visitLimit) this.pairs += comparisonLimit + 1;
    if (depth > depthLimit) return;
    for (const same of fields.values()) {
      if (this.isOver) return;
      const below = same.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) this.add(below, depth + 1);
    }
  }

  #collect(
    { selections }: SelectionSetNode,
    into: { fields: Map<string, FieldNode[]>; spread: Set<string> },
  ): void {
    for (const selection of selections) {
      this.#visits += 1;
      if (this.#visits > visitLimit) return;
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const same = into.fields.get(name);
        if (same === undefined) into.fields.set(name, [selection]);
        else same.push(selection);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) this.#collect(selection.selectionSet, into);
      else if (!into.spread.has(selection.name.value)) {
        into.spread.add(selection.name.value);
        this.#met.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment !== undefined) this.#collect(fragment.selectionSet, into);
      }
    }
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}
