/** The smallest part of an operation that still fails. */
import { Kind, visit, type ASTNode, type DocumentNode, type SelectionNode } from 'graphql';

/** Leaves out one selection after another for as long as the operation still fails. */
export async function reducedOperation(
  document: DocumentNode,
  stillFails: (smaller: DocumentNode) => Promise<boolean>,
): Promise<DocumentNode> {
  let smallest = document;
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const selection of selectionsOf(smallest)) {
      const smaller = without(smallest, selection);
      if (smaller === null || !(await stillFails(smaller).catch(() => false))) continue;
      smallest = smaller;
      hasShrunk = true;
    }
  }
  return withoutUnused(smallest);
}

/** Without the fragments that nothing spreads any more. */
function withoutUnused(document: DocumentNode): DocumentNode {
  const spread = new Set<string>();
  visit(document, { FragmentSpread: ({ name }) => void spread.add(name.value) });
  const used = document.definitions.filter(
    (each) => each.kind !== Kind.FRAGMENT_DEFINITION || spread.has(each.name.value),
  );
  return used.length === document.definitions.length
    ? document
    : withoutUnused({ ...document, definitions: used });
}

/** The outer ones first. */
function selectionsOf(document: DocumentNode): SelectionNode[] {
  const selections: SelectionNode[] = [];
  const enter = (node: ASTNode): undefined => {
    if (node.kind === Kind.SELECTION_SET) selections.push(...node.selections);
  };
  visit(document, { enter });
  return selections;
}

/** null where it is the only selection of its set, or has gone already. */
function without(document: DocumentNode, selection: SelectionNode): DocumentNode | null {
  const smaller = visit(document, {
    SelectionSet(node) {
      if (node.selections.length < 2 || !node.selections.includes(selection)) return undefined;
      return { ...node, selections: node.selections.filter((each) => each !== selection) };
    },
  });
  return smaller === document ? null : smaller;
}
