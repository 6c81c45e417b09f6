/** `node build.js`, in a small project of its own. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scratchFolder } from './source/scratch.ts';

/** Built once; each test has a copy, since loading TypeScript takes a second of processor time. */
const template = mkdtempSync(join(tmpdir(), 'hvql-build-'));
afterAll(() => rmSync(template, { recursive: true, force: true }));
let root = template;
let first: ReturnType<typeof build>;
beforeAll(() => {
  for (const name of [
    'build.js',
    'bundle.js',
    'dashboard.js',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
  ])
    cpSync(name, pathOf(name));
  symlinkSync(resolve('node_modules'), pathOf('node_modules'), 'junction');
  edit(
    'cli/hvql.ts',
    "import { one } from '../part/one.ts';\nconst two: number = one + one;\nconsole.log(two);\n",
  );
  edit('part/one.ts', 'export const one = 1;\n');
  edit('part/script.ps1', 'Write-Output 1\n');
  first = build();
});
beforeEach(() => {
  root = scratchFolder();
  cpSync(template, root, { recursive: true });
});

const pathOf = (file: string): string => join(root, file);
function edit(file: string, text: string): void {
  mkdirSync(join(root, 'src', file, '..'), { recursive: true });
  writeFileSync(join(root, 'src', file), text);
}

/** Builds; gives the exit code and what was printed, times aside. */
function build(): { status: number | null; printed: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build.js'], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, printed: `${stdout}${stderr}`.replace(/[\d.]+ s\./, 'x s.') };
}
/** What a program of the project prints. */
function run(program: string): string {
  return spawnSync(process.execPath, [program], { cwd: root, encoding: 'utf8' }).stdout;
}
const compiled = (files: string) => ({ status: 0, printed: `Compiling ${files} ...\nCompiled in x s.\n` });

/** In place of TypeScript, a package that only says which release it is: loading it, or esbuild, fails. */
function takeCompilersAway(): void {
  rmSync(pathOf('node_modules'));
  mkdirSync(pathOf('node_modules/typescript'), { recursive: true });
  for (const file of ['typescript/package.json', '.package-lock.json'])
    cpSync(`node_modules/${file}`, pathOf(`node_modules/${file}`));
}

function outputs(): string[] {
  return readdirSync(pathOf('dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.build.json')
    .map((entry) => relative(pathOf('dist'), join(entry.parentPath, entry.name)))
    .sort();
}

describe('the build', () => {
  it('compiles everything the first time, and reports it', () => {
    expect(first).toEqual(compiled('2 files'));
    expect(outputs()).toEqual(['bundle/hvql.mjs', 'cli/hvql.js', 'part/one.js', 'part/script.ps1']);
    for (const program of ['dist/cli/hvql.js', 'dist/bundle/hvql.mjs']) expect(run(program)).toBe('2\n');
  });

  it('does nothing without a change, and loads neither TypeScript nor esbuild', () => {
    takeCompilersAway();
    expect(build()).toEqual({ status: 0, printed: '' });
    // A file that was written with the same contents has not changed.
    edit('part/one.ts', 'export const one = 1;\n');
    expect(build()).toEqual({ status: 0, printed: '' });
    edit('part/one.ts', 'export const one = 2;\n');
    expect(build().status).not.toBe(0);
  });

  it('compiles only what changed', () => {
    const before = statSync(pathOf('dist/cli/hvql.js'));
    edit('part/one.ts', 'export const one = 21;\n');
    expect(build()).toEqual(compiled('1 file'));
    expect(readFileSync(pathOf('dist/part/one.js'), 'utf8')).toBe('export const one = 21;\n');
    expect(statSync(pathOf('dist/cli/hvql.js')).ino).toBe(before.ino);
    expect(run('dist/bundle/hvql.mjs')).toBe('42\n');
    edit('part/script.ps1', 'Write-Output 2\n');
    expect(build()).toEqual({ status: 0, printed: '' });
    expect(readFileSync(pathOf('dist/part/script.ps1'), 'utf8')).toBe('Write-Output 2\n');
  });

  it('restores files missing from dist, and removes files whose source is gone', () => {
    rmSync(pathOf('dist/cli/hvql.js'));
    expect(build()).toEqual(compiled('1 file'));
    rmSync(pathOf('dist/bundle/hvql.mjs'));
    expect(build()).toEqual({ status: 0, printed: '' });
    rmSync(pathOf('src/part'), { recursive: true });
    edit('cli/hvql.ts', 'console.log(1);\n');
    build();
    expect(outputs()).toEqual(['bundle/hvql.mjs', 'cli/hvql.js']);
    expect(run('dist/bundle/hvql.mjs')).toBe('1\n');
  });

  it('keeps the bundle files of the previous build for running programs, and no older ones', () => {
    const chunks = () => outputs().filter((path) => /bundle\/(?!hvql)/.test(path));
    edit('cli/hvql.ts', "console.log((await import('../part/one.ts')).one);\n");
    build();
    const [first] = chunks();
    edit('part/one.ts', 'export const one = 2;\n');
    build();
    expect(chunks()).toHaveLength(2);
    expect(chunks()).toContain(first);
    edit('part/one.ts', 'export const one = 3;\n');
    build();
    expect(chunks()).toHaveLength(2);
    expect(chunks()).not.toContain(first);
    expect(run('dist/bundle/hvql.mjs')).toBe('3\n');
  });

  it('bundles again after other packages have been installed', () => {
    const before = statSync(pathOf('dist/bundle/hvql.mjs'));
    rmSync(pathOf('node_modules'));
    mkdirSync(pathOf('node_modules'));
    for (const name of ['typescript', 'esbuild', '@esbuild'])
      symlinkSync(resolve('node_modules', name), pathOf(`node_modules/${name}`), 'junction');
    writeFileSync(pathOf('node_modules/.package-lock.json'), '{}');
    expect(build()).toEqual({ status: 0, printed: '' });
    expect(statSync(pathOf('dist/bundle/hvql.mjs')).ino).not.toBe(before.ino);
  });

  it('compiles everything again with other options', () => {
    const config = pathOf('tsconfig.build.json');
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace('"outDir"', '"removeComments": true, "outDir"'),
    );
    expect(build()).toMatchObject({ printed: expect.stringContaining('Compiling 2 files') });
  });

  it('reports where a syntax error is, and compiles the file once it is corrected', () => {
    edit('part/one.ts', 'export const one = ;\n');
    const { status, printed } = build();
    expect(status).toBe(1);
    expect(printed).toMatch(/src\/part\/one\.ts\(1,20\): error TS1109: Expression expected/);
    edit('part/one.ts', 'export const one = 3;\n');
    expect(build()).toEqual(compiled('1 file'));
    expect(readFileSync(pathOf('dist/part/one.js'), 'utf8')).toContain('3');
  });

  it('says what to do if no packages are installed yet', () => {
    rmSync(pathOf('node_modules'));
    rmSync(pathOf('dist'), { recursive: true });
    expect(build()).toEqual({ status: 1, printed: expect.stringContaining('"npm ci"') });
    expect(existsSync(pathOf('dist'))).toBe(false);
  });
});
