import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsIn } from './imports.ts';
import { scratchFolder } from './source/scratch.ts';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
};

/** The package of an import: "graphql" of "graphql/index.js"; null for files and for what Node brings along. */
function packageOf(name: string): string | null {
  if (/^(\.|node:)/.test(name)) return null;
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}

/** The files that run when this one does, itself included. */
function filesRunBy(main: string): ReadonlySet<string> {
  const run = new Set([main]);
  for (const file of run) {
    for (const { name, isValue } of importsIn(file)) {
      if (isValue && name.startsWith('.')) run.add(join(dirname(file), name));
    }
  }
  return run;
}

/** The packages whose values these files import. */
function packagesOf(files: Iterable<string>): ReadonlySet<string | null> {
  return new Set(
    [...files].flatMap((file) =>
      importsIn(file).flatMap(({ name, isValue }) => (isValue ? packageOf(name) : [])),
    ),
  );
}

describe('the imports of a file', () => {
  it('are found in its code, and imports of types only are marked', () => {
    const path = join(scratchFolder(), 'file.ts');
    const lines = [
      "// import a from 'comment';",
      "const text = `import b from 'text'`;",
      "import 'effect';",
      "import one, { type Two } from 'default';",
      "import * as three from 'namespace';",
      "import type { Four } from 'type';",
      "import { type Five } from 'types';",
      "export { six } from 'export';",
      "export type { Seven } from 'type-export';",
      "type Eight = import('import-type').Eight;",
      "const nine = await import('dynamic');",
    ];
    writeFileSync(path, lines.join('\n'));
    const names = (isValue: boolean) =>
      importsIn(path).flatMap((each) => (each.isValue === isValue ? each.name : []));
    expect(names(true)).toEqual(['effect', 'default', 'namespace', 'export', 'dynamic']);
    expect(names(false)).toEqual(['type', 'types', 'type-export', 'import-type']);
  });
});

describe('the program', () => {
  const files = [...filesRunBy('src/cli/main.ts')];
  const imported = packagesOf(files);

  it('consists of files of src that exist', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it.each(['graphql-yoga', 'graphql', '@pothos/core', 'dataloader'])('imports %s', (name) => {
    expect(imported).toContain(name);
  });

  it('imports only packages that are installed with it', () => {
    const all = packagesOf(
      readdirSync('src', { recursive: true, encoding: 'utf8' })
        // What runs in browsers is built into dist/dashboard with all that it imports.
        .filter((file) => file.endsWith('.ts') && !file.startsWith('dashboard'))
        .map((file) => join('src', file)),
    );
    expect([...all].filter((name) => name !== null && !(name in dependencies))).toEqual([]);
  });

  it('uses all of its dependencies', () => {
    const others = Object.keys(dependencies).filter((name) => !imported.has(name));
    expect(others).toEqual([
      // docs/decisions.md: yoga is given releases that run on every supported Node.
      '@graphql-tools/executor',
      '@graphql-tools/merge',
      '@graphql-tools/schema',
      '@graphql-tools/utils',
    ]);
  });
});

describe('the tests', () => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
    .map((file) => join('test', file));

  it('all import vitest', () => {
    expect(tests.length).toBeGreaterThan(100);
    expect(tests.filter((file) => !packagesOf([file]).has('vitest'))).toEqual([]);
  });
});

it('the program first imports the module that sets NODE_ENV, which graphql-js reads when it is loaded', () => {
  const main = importsIn('src/cli/main.ts').filter(({ isValue }) => isValue);
  expect(main[0]?.name).toBe('./node-env.ts');
  expect(importsIn('src/cli/node-env.ts')).toEqual([]);
});
