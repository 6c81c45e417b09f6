import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint({ cwd: fileURLToPath(new URL('../../', import.meta.url)) });

/** The messages of the linter for a text as the content of this file. */
async function complaints(text: string, filePath: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

// Loading the configuration takes seconds, and more on a busy machine.
describe('the linter', () => {
  const file = 'schema/operations/99-example.graphql';

  it('accepts a correct example operation', async () => {
    expect(await complaints('query Name {\n  partition {\n    name\n  }\n}\n', file)).toEqual([]);
  });

  it.each([
    [
      'query Name { partition { nom } }',
      'fields-on-correct-type: Cannot query field "nom" on type "Partition".',
    ],
    ['query Name { partition(index: 1) { name } }', 'known-argument-names: Unknown argument "index"'],
    ['query Name($id: UInt64) { partition { name } }', 'no-unused-variables: Variable "$id" is never used'],
    ['{ partition { name } }', 'no-anonymous-operations: Anonymous GraphQL operations are forbidden.'],
  ])('rejects %s', async (text, complaint) => {
    expect((await complaints(text, file)).join('\n')).toContain(`@graphql-eslint/${complaint}`);
  });

  it('rejects a schema without the description of a field', async () => {
    const text = '"""The questions."""\ntype Query {\n  name: String\n}\n';
    expect((await complaints(text, 'schema/schema.graphql')).join('\n')).toContain(
      '@graphql-eslint/require-description: Description is required for field "name" in type "Query"',
    );
  });
});
