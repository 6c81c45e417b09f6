/** The examples of docs/front-ends.md as files, and the tools that their readers run. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = new URL('.', import.meta.url);
const run = promisify(execFile);
// It has no types of its own.
const babel = createRequire(import.meta.url)('@babel/core');

/** Writes each code block that has a file name, and what the examples import, to a new folder of this name. */
export function writeExamples(name: string): URL {
  const folder = new URL(`generated/${name}/`, here);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of [
    'schema.graphql',
    'clients/apollo.json',
    'clients/graphcache.json',
    'clients/scalars.json',
  ]) {
    copyFileSync(new URL(`../../schema/${file}`, here), new URL(file.replace('clients/', ''), folder));
  }
  const text = readFileSync(new URL('../../docs/front-ends.md', here), 'utf8');
  for (const [, file = '', content = ''] of text.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)) {
    writeFileSync(new URL(file, folder), content);
  }
  return folder;
}

/** Runs a program of the installed packages in a folder. Rejects with what it printed where it fails. */
export async function runTool(folder: URL, [name = '', ...args]: readonly string[]): Promise<void> {
  const program = fileURLToPath(new URL(`node_modules/.bin/${name}`, here));
  const cwd = fileURLToPath(folder);
  try {
    await run(program, args, { cwd, shell: process.platform === 'win32' });
  } catch (thrown) {
    const { stdout, stderr } = thrown as { stdout: string; stderr: string };
    throw new Error(`${name} failed: ${stdout}${stderr}`, { cause: thrown });
  }
}

/**
 * Puts the compiler's artifacts in the place of a file's `graphql` tags, as builds of Relay applications do. Resolves
 * with the file that is the result.
 */
export async function transformRelay(file: URL): Promise<URL> {
  const result = await babel.transformAsync(readFileSync(file, 'utf8'), {
    cwd: fileURLToPath(here),
    filename: fileURLToPath(file),
    babelrc: false,
    configFile: false,
    parserOpts: { plugins: ['typescript'] },
    plugins: [['relay', { eagerEsModules: true }]],
  });
  const transformed = new URL(file.href.replace(/ts$/, 'transformed.ts'));
  writeFileSync(transformed, result.code);
  return transformed;
}
