import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printOperations } from '../../../src/cli/commands/operations.ts';
import { UsageError } from '../../../src/errors.ts';
import { bodyLimitInBytes } from '../../../src/server/operation-reader.ts';
import { putFile, scratchFolder } from '../../source/scratch.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = scratchFolder();
  for (const [place, content] of Object.entries(files)) putFile(folder, { place, content });
  return folder;
}

async function run(folder: string) {
  const world = new CommandOnTrial();
  const exitCode = await printOperations({ folder }, world);
  return { exitCode, manifest: JSON.parse(world.output) };
}

async function problemsOf(folder: string): Promise<readonly string[]> {
  const thrown: unknown = await run(folder).catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(UsageError);
  return (thrown as UsageError).problems;
}

const idOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('the manifest of a folder of operations', () => {
  it('has each document in the order of the files, with its id, operations and exact text', async () => {
    const two =
      'query Two {\r\n  viewer { ...V } }\n\nsubscription Three { partition { name } }\nfragment V on Viewer { isRoot }';
    const folder = folderOf({
      'b.graphql': two,
      'a.graphql': '# é\n{ __typename }\n',
      'c.gql': '}',
      'README.md': '}',
      'below/d.graphql': '}',
    });
    expect(await run(folder)).toEqual({
      exitCode: 0,
      manifest: {
        format: 'hvql-operations',
        version: 1,
        operations: [
          {
            documentId: idOf('# é\n{ __typename }\n'),
            file: 'a.graphql',
            operations: [{ name: null, type: 'query' }],
            document: '# é\n{ __typename }\n',
          },
          {
            documentId: idOf(two),
            file: 'b.graphql',
            operations: [
              { name: 'Two', type: 'query' },
              { name: 'Three', type: 'subscription' },
            ],
            document: two,
          },
        ],
      },
    });
  });

  it('omits a byte order mark, which clients do not send', async () => {
    const folder = folderOf({ 'a.graphql': '\ufeff{ __typename }' });
    expect((await run(folder)).manifest.operations).toMatchObject([
      { documentId: idOf('{ __typename }'), document: '{ __typename }' },
    ]);
  });

  it('can be made from the example operations', async () => {
    const { manifest } = await run('schema/operations');
    const files = readdirSync('schema/operations').sort();
    expect(manifest.operations.map(({ file, documentId }: any) => [file, documentId])).toEqual(
      files.map((file) => [file, idOf(readFileSync(`schema/operations/${file}`, 'utf8'))]),
    );
  });

  it('is not printed if there are problems; all problems are reported together', async () => {
    const deep = `{ hypervisor ${'{ page '.repeat(9_000)}${'}'.repeat(9_000)} }`;
    const folder = folderOf({
      'field.graphql': 'query A {\n  foo\n  viewer { isRoot bar }\n}',
      'syntax.graphql': '\n{ viewer { ',
      'empty.graphql': '',
      'schema.graphql': '{ __typename }\ntype X { a: Int }',
      'fragment.graphql': 'fragment V on Viewer { isRoot }',
      'twice.graphql': 'query A { __typename }\nquery A { __typename }',
      'mutation.graphql': '{ __typename }\n mutation M { stop }',
      'latin1.graphql': Buffer.from('# Grüße\n{ __typename }', 'latin1'),
      'half.graphql': Buffer.from([...Buffer.from('\ufeff{ __typename }\n# \ufffd '), 0xef, 0xbf]),
      'long.graphql': ' '.repeat(bodyLimitInBytes + 1),
      'deep.graphql': deep,
      'right.graphql': '{ __typename }',
    });
    mkdirSync(`${folder}/folder.graphql`);
    symlinkSync('nowhere', `${folder}/link.graphql`);
    const problems = (await problemsOf(folder)).map((problem) => problem.replace(`${folder}/`, ''));
    expect(problems.sort()).toEqual([
      'deep.graphql: This is nested too deeply to be read.',
      'empty.graphql:1:1: Syntax Error: Unexpected <EOF>.',
      'field.graphql:2:3: Cannot query field "foo" on type "Query".',
      'field.graphql:3:19: Cannot query field "bar" on type "Viewer".',
      'folder.graphql is not a file.',
      'fragment.graphql:1:1: Fragment "V" is never used.',
      'half.graphql:2:5: This is not UTF-8.',
      'latin1.graphql:1:5: This is not UTF-8.',
      'link.graphql cannot be read: no such file or directory (ENOENT).',
      'long.graphql has 1048577 bytes, but the maximum for a document is 1048576.',
      'mutation.graphql:1:1: This anonymous operation must be the only defined operation.',
      'mutation.graphql:2:2: The schema has no operations of the type mutation.',
      'schema.graphql:2:1: The "X" definition is not executable.',
      'syntax.graphql:2:12: Syntax Error: Expected Name, found <EOF>.',
      'twice.graphql:1:7: There can be only one operation named "A".',
    ]);
  });

  it('needs a folder that contains a document', async () => {
    const folder = folderOf({ 'a.gql': '{ __typename }' });
    expect(await problemsOf(folder)).toEqual([
      `The folder ${folder} needs documents to allow, but has no file named *.graphql.`,
    ]);
    expect(await problemsOf(`${folder}/nowhere`)).toEqual([
      `The operations ${folder}/nowhere cannot be read: no such file or directory (ENOENT).`,
    ]);
  });
});

/** A manifest of this content. */
const manifestOf = (content: string | Uint8Array | object): string =>
  `${folderOf({
    'm.json':
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  })}/m.json`;

describe('the operations of a manifest', () => {
  it.each([
    ['GraphQL Code Generator', 'codegen.json', ['Busy', 'Live']],
    ['GraphQL Code Generator with SHA-1', 'codegen-sha1.json', ['Busy', 'Live']],
    ['Relay', 'relay.json', ['docsBusyQuery', 'docsLiveSubscription']],
    ['Apollo', 'apollo.json', ['Busy', 'Live']],
  ])('include the documents that %s wrote, with their keys', async (_, file, names) => {
    const path = `test/fixtures/manifests/${file}`;
    const written = JSON.parse(readFileSync(path, 'utf8'));
    const texts: [string, string][] =
      written.operations?.map(({ id, body }: any) => [id, body]) ?? Object.entries(written);
    const { manifest } = await run(path);
    expect(manifest.operations.map(({ keys, document }: any) => [...keys, document])).toEqual(texts);
    expect(manifest.operations).toMatchObject(
      names.map((name, n) => ({ documentId: idOf(texts[n]?.[1] ?? ''), file, operations: [{ name }] })),
    );
  });

  it('include a text with two ids only once, without its byte order mark', async () => {
    const path = manifestOf(
      `\ufeff{"a": "{ __typename }", "b \\" c": "{ __typename }", "__proto__": "{ viewer { isRoot } }"}`,
    );
    expect((await run(path)).manifest.operations).toMatchObject([
      { keys: ['a', 'b " c'], document: '{ __typename }' },
      { keys: ['__proto__'], document: '{ viewer { isRoot } }' },
    ]);
  });

  const [one, two] = ['query One { __typename }', 'query Two { __typename }'];
  const apollo = (operations: unknown, rest: object = {}): object => ({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations,
    ...rest,
  });
  it.each([
    ['one id with two texts', `{"a": "${one}", "a": "${two}"}`, ['"a": Two documents have the id "a".']],
    [
      'one id with two texts in a manifest of Apollo',
      apollo([
        { id: 'a', name: 'One', type: 'query', body: one },
        { id: 'a', name: 'Two', type: 'query', body: two },
      ]),
      ['"a": Two documents have the id "a".'],
    ],
    [
      'a hash of another text',
      { [idOf(two)]: one, b: two },
      [`"b": Two documents have the id "${idOf(two)}".`],
    ],
    [
      'a hash without the name of its algorithm',
      { [idOf(two).slice(7)]: one, b: two },
      [`"b": Two documents have the id "${idOf(two)}".`],
    ],
    ['an empty id', { '': one }, ['"" is empty, but a document needs an id.']],
    [
      'errors in documents',
      { a: '{ foo }', b: '{', c: one },
      [
        '"a":1:3: Cannot query field "foo" on type "Query".',
        '"b":1:2: Syntax Error: Expected Name, found <EOF>.',
      ],
    ],
    ['a manifest without documents', {}, ['A manifest needs documents to allow, but this one has none.']],
    ['a text that is not JSON', 'query One { __typename }', [expect.stringContaining('This is not JSON: ')]],
    ['an array', [one], [expect.stringMatching(/^This needs to be a manifest of .*, but is an array\.$/)]],
    [
      'a document that is not a string',
      { a: one, b: { text: two } },
      [expect.stringMatching(/but "b" is an object\.$/)],
    ],
    [
      'the output of hvql operations',
      { format: 'hvql-operations', version: 1, operations: [] },
      [expect.stringMatching(/but the format is "hvql-operations"\.$/)],
    ],
    ['another version', apollo([], { version: 2 }), ['The version of the manifest needs to be 1, but is 2.']],
    [
      'an operation without a body',
      apollo([{ id: 'a' }]),
      [expect.stringMatching(/^operations\[0\] needs an id and a body/)],
    ],
  ])('are refused: %s', async (_, content, problems) => {
    const path = manifestOf(content);
    expect((await problemsOf(path)).map((problem) => problem.replace(`${path}: `, ''))).toEqual(problems);
  });

  it('are refused if the file is not UTF-8', async () => {
    const path = manifestOf(Buffer.from(`{\n"é": "${one}"}`, 'latin1'));
    expect(await problemsOf(path)).toEqual([`${path}:2:2: This is not UTF-8.`]);
  });
});
