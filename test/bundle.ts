/** The built program in few files, for the tests that start it: most of a start is finding and opening a thousand modules. */
import { build, stop, type Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Below node_modules, so that packages that are not in the bundle are found. */
const cache = join(root, 'node_modules/.cache/hvql-bundle');
const keptMilliseconds = 3_600_000;

/** Modules find their files and threads where they were built. */
const placeInDist: Plugin = {
  name: 'place in dist',
  setup(builder) {
    builder.onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(`${dist}/`)) return null;
      const contents = readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)));
      return { contents, loader: 'js' };
    });
  },
};

/** Bundles what is in dist, unless that was done before, and returns the path of the program. */
export async function bundleProgram(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['dist/.build.json', 'package-lock.json', 'test/bundle.ts'])
    hash.update(readFileSync(join(root, file)));
  const folder = join(cache, hash.digest('hex').slice(0, 16));
  const program = join(folder, 'main.mjs');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  removeOld();
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  await build({
    entryPoints: [join(dist, 'cli/main.js')],
    outdir: unfinished,
    bundle: true,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node20',
    // Plugins share graphql with the program, pino starts threads from its files, and GraphiQL is large and rarely read.
    external: ['graphql', 'pino', '@graphql-yoga/render-graphiql'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [placeInDist],
    logLevel: 'warning',
  });
  await stop();
  try {
    renameSync(unfinished, folder);
  } catch (thrown) {
    // Another run of the tests was faster.
    rmSync(unfinished, { recursive: true });
    if (!existsSync(program)) throw thrown;
  }
  return program;
}

function removeOld(): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (Date.now() - statSync(path).mtimeMs > keptMilliseconds)
      rmSync(path, { recursive: true, force: true });
  }
}
