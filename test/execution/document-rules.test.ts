import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { documentRules, rulesFor } from '../../src/execution/document-rules.ts';
import { createSchema } from '../../src/graph/schema.ts';

const schema = createSchema();

const documents = [
  '{ viewer { partitionId } }',
  '{ viewer partition { nothing } }',
  '{ viewer { partitionId } } { service { version } }',
  'query A { viewer { partitionId } } query A { service { version } }',
  'mutation { nothing }',
  'subscription { hypervisor { sampledAt } partition { name } }',
  'type A { b: C } { viewer { partitionId } }',
  'fragment a on Viewer { partitionId } { viewer { partitionId } }',
  'fragment a on Nowhere { b } fragment a on UInt64 { c } { viewer { ...a ...b } }',
  'fragment a on Viewer { ...b } fragment b on Viewer { ...a } { viewer { ...a } }',
  '{ viewer { ... on Nowhere { a } ... on UInt64 { b } ... on Partition { name } } }',
  '{ viewer { ... { partitionId } } }',
  'query ($a: Nowhere, $a: Viewer, $b: UInt64) { partition(id: $a) { name } c: partition(id: $d) { name } }',
  'query ($a: String = 5, $b: [ID!]! = [{ c: 1, c: 2 }]) { partition(id: $a) { name } }',
  '{ partition(id: "a", id: 1, of: 2) { name } node { id } nodes(ids: [$a]) { id } }',
  '{ hypervisor { partitions(filter: { ids: [], ids: [], nothing: 1 }) { nodes { name } } } }',
  '{ viewer @nothing { partitionId @skip @skip(if: true) @include(of: 1, if: "a") } }',
  '{ partition(id: 1) { name } partition(id: 2) { id: name id } }',
  '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
  '# $ ( @ ...\n{ viewer { partitionId } }',
];

describe('the rules for a document', () => {
  it.each(documents)('find the same errors as the complete list of rules: %s', (text) => {
    const document = parse(text);
    const found = validate(schema, document, rulesFor(document, documentRules), { maxErrors: 100 });
    expect(found).toEqual(validate(schema, document, documentRules, { maxErrors: 100 }));
  });

  it('have, for each rule that may be left out, a document in this test that violates it', () => {
    const leftOut = documentRules.filter((rule) => {
      const [plain] = documents;
      return !rulesFor(parse(plain ?? ''), documentRules).includes(rule);
    });
    expect(leftOut.length).toBeGreaterThan(15);
    const silent = leftOut.filter((rule) =>
      documents.every((text) => validate(schema, parse(text), [rule]).length === 0),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('are complete for a document without its tokens', () => {
    const document = parse('{ viewer { partitionId } }', { noLocation: true });
    expect(rulesFor(document, documentRules)).toBe(documentRules);
  });
});
