// @ts-check
/**
 * Compiles src into dist, only the files whose contents changed since the last time, and bundles dist into dist/bundle,
 * where the program starts. Where nothing changed, neither TypeScript nor esbuild is loaded. Types are not checked here;
 * `npm run lint` does that. src/dashboard is for browsers: dashboard.js builds it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { buildDashboard, isOfDashboard } from './dashboard.js';

/** @typedef {typeof import('typescript')} TypeScript */
/**
 * What dist was made of, as hashes of contents; and of the bundle, which files it has.
 *
 * @typedef {{ compiler: string, files: Record<string, string>, bundler: string, bundle: readonly string[] }} BuildRecord
 */

const root = import.meta.dirname;
const sourceFolder = join(root, 'src');
const outputFolder = join(root, 'dist');
const configFile = join(root, 'tsconfig.build.json');
const recordFile = join(outputFolder, '.build.json');
const bundleFolder = join(outputFolder, 'bundle');
const unfinished = /\.\d+\.unfinished$/;

const before = readRecord();
/** @type {BuildRecord} */
const now = { compiler: hashCompiler(), files: hashFiles(), bundler: hashBundler(), bundle: before.bundle };
const outputs = new Map(Object.keys(now.files).map((file) => [outputOf(file), file]));
removeOthers();
const changed = [...outputs].filter(
  ([output, file]) =>
    before.compiler !== now.compiler || before.files[file] !== now.files[file] || !existsSync(output),
);
if (changed.length > 0) await build(changed.map(([, file]) => file));
else if (!isBundled()) await bundle();
if (process.exitCode === undefined) await buildDashboard();

/** @param {readonly string[]} files */
async function build(files) {
  const isCompiled = (/** @type {string} */ file) => /\.[jt]s$/.test(file);
  const compiled = files.filter(isCompiled);
  const begun = performance.now();
  if (compiled.length > 0) {
    process.stderr.write(`Compiling ${compiled.length === 1 ? '1 file' : `${compiled.length} files`} ...\n`);
    if (!compile((await import('typescript')).default, compiled)) {
      process.exitCode = 1;
      return;
    }
    process.stderr.write(`Compiled in ${((performance.now() - begun) / 1_000).toFixed(1)} s.\n`);
  }
  forgetRecord();
  for (const file of files)
    if (!isCompiled(file)) write(outputOf(file), readFileSync(join(sourceFolder, file)));
  if (compiled.length > 0 || !isBundled()) await bundle();
  else write(recordFile, JSON.stringify(now));
}

function isBundled() {
  return (
    before.bundler === now.bundler &&
    before.bundle.length > 0 &&
    before.bundle.every((file) => existsSync(join(bundleFolder, file)))
  );
}

/** The files of the bundle before this one stay: what runs loads some of them only when it needs them. */
async function bundle() {
  forgetRecord();
  const { bundle: filesOfBundle } = await import('./bundle.js');
  const files = await filesOfBundle({ dist: outputFolder, folder: bundleFolder });
  for (const [file, content] of files) write(join(bundleFolder, file), content);
  const kept = new Set([...files.keys(), ...before.bundle]);
  for (const file of filesIn(bundleFolder))
    if (!kept.has(file) && !unfinished.test(file)) rmSync(join(bundleFolder, file));
  write(recordFile, JSON.stringify({ ...now, bundle: [...files.keys()] }));
}

/**
 * Whether the files could be compiled; what is wrong with their syntax is printed.
 *
 * @param {TypeScript} ts
 * @param {readonly string[]} files
 */
function compile(ts, files) {
  // Each file on its own: neither what it imports nor any declaration is read.
  const alone = { noResolve: true, noLib: true, noCheck: true, types: [] };
  /** @type {import('typescript').Diagnostic[]} */
  const problems = [];
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (/** @type {import('typescript').Diagnostic} */ problem) =>
      void problems.push(problem),
  };
  const config = ts.getParsedCommandLineOfConfigFile(configFile, alone, host);
  if (config !== undefined) {
    const program = ts.createProgram(
      files.map((file) => join(sourceFolder, file)),
      config.options,
    );
    problems.push(...config.errors, ...program.getSyntacticDiagnostics());
    if (problems.length === 0) {
      forgetRecord();
      program.emit(undefined, write);
    }
  }
  const format = {
    getCanonicalFileName: (/** @type {string} */ name) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  };
  process.stderr.write(ts.formatDiagnostics(problems, format));
  return problems.length === 0;
}

/** @returns {BuildRecord} what dist was made of the last time; of nothing where that is not known. */
function readRecord() {
  const nothing = { compiler: '', files: {}, bundler: '', bundle: [] };
  try {
    return { ...nothing, .../** @type {BuildRecord} */ (JSON.parse(readFileSync(recordFile, 'utf8'))) };
  } catch {
    return nothing;
  }
}

/** A build that is interrupted from here on leaves no record, so the next one compiles everything. */
function forgetRecord() {
  rmSync(recordFile, { force: true });
}

/** What else decides what a file is compiled to. */
function hashCompiler() {
  const require = createRequire(import.meta.url);
  let compiler;
  try {
    compiler = readFileSync(require.resolve('typescript/package.json'));
  } catch {
    process.stderr.write('TypeScript is not installed; install what hvql needs with "npm ci" first.\n');
    process.exit(1);
  }
  return hash([compiler, readFileSync(configFile), readFileSync(join(root, 'tsconfig.json'))]);
}

/** What else decides what a bundle is: how it is made, and of which packages. npm notes there what it has installed. */
function hashBundler() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const packages = existsSync(installed) ? readFileSync(installed) : Buffer.alloc(0);
  return hash([readFileSync(join(root, 'bundle.js')), packages]);
}

function hashFiles() {
  return Object.fromEntries(
    filesIn(sourceFolder)
      .filter((file) => !isOfDashboard(file))
      .map((file) => [file, hash([readFileSync(join(sourceFolder, file))])]),
  );
}

/** @param {readonly Buffer[]} contents */
function hash(contents) {
  const digest = createHash('sha256');
  for (const content of contents) digest.update(content);
  return digest.digest('base64');
}

/** Removes what was compiled from files that are no more, but not what another build is writing. */
function removeOthers() {
  if (!existsSync(outputFolder)) return;
  for (const name of filesIn(outputFolder)) {
    const path = join(outputFolder, name);
    if (isOfDashboard(name)) continue;
    const isOther = path !== recordFile && !outputs.has(path) && !path.startsWith(bundleFolder);
    if (isOther && !unfinished.test(name)) rmSync(path);
  }
}

/** @param {string} folder */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** @param {string} file */
function outputOf(file) {
  return join(outputFolder, extname(file) === '.ts' ? file.replace(/ts$/, 'js') : file);
}

/**
 * Writes a whole file at once: a program that starts meanwhile reads the old or the new one.
 *
 * @param {string} path
 * @param {string | Uint8Array} content
 */
function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.unfinished`;
  writeFileSync(beside, content);
  renameSync(beside, path);
}
