// @ts-check
/** Builds src/dashboard into dist/dashboard with Vite: only where one of its files, or what is installed, has changed. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const root = import.meta.dirname;
const folder = 'dashboard';
const source = join(root, 'src', folder);
const output = join(root, 'dist', folder);
/** What the files in dist were made of: not among them, since the package has them all. */
const recordFile = join(root, 'dist', `${folder}.hash`);

/**
 * Whether a file of src or of dist belongs to the dashboard, or to its build.
 *
 * @param {string} file its path below that folder
 */
export function isOfDashboard(file) {
  return file.startsWith(folder + sep) || file.startsWith(`${folder}.`);
}

/** Makes the files beside the present ones, whose place they then take. Does not load Vite without a change. */
export async function buildDashboard() {
  if (!existsSync(source)) return;
  const hash = hashSources();
  if (existsSync(output) && existsSync(recordFile) && readFileSync(recordFile, 'utf8') === hash) return;
  const begun = performance.now();
  process.stderr.write('Building the dashboard ...\n');
  rmSync(recordFile, { force: true });
  const { build } = await import('vite');
  const beside = `${output}.${process.pid}.unfinished`;
  // Tests build as well, with NODE_ENV=test: Vite would then put the place in its source beside each element.
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = 'production';
  try {
    await build({
      configFile: join(source, 'vite.config.js'),
      configLoader: 'native',
      build: { outDir: beside },
    });
  } finally {
    if (NODE_ENV === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = NODE_ENV;
  }
  rmSync(output, { recursive: true, force: true });
  renameSync(beside, output);
  writeFileSync(recordFile, hash);
  process.stderr.write(`Built the dashboard in ${((performance.now() - begun) / 1_000).toFixed(1)} s.\n`);
}

function hashSources() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const digest = createHash('sha256');
  for (const file of [...files, import.meta.filename, ...(existsSync(installed) ? [installed] : [])]) {
    digest.update(file.slice(root.length)).update(readFileSync(file));
  }
  return digest.digest('base64');
}
