// @ts-check
/**
 * Bundles what is in dist with the dependencies: most of a start is finding, opening and compiling a thousand modules.
 * docs/decisions.md says what is not in the bundle, and why.
 */
import { build, stop } from 'esbuild';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** GraphiQL's files are large and rarely read. */
const external = ['@graphql-yoga/render-graphiql'];

/** The program among the files. */
const bundledProgram = 'hvql.mjs';

/**
 * The files of a bundle of `dist/cli/hvql.js` that is going to be in `folder`, by their names there: the program comes
 * last. The names of the others change with their contents.
 *
 * @param {{ readonly dist: string, readonly folder: string }} places
 * @returns {Promise<ReadonlyMap<string, Uint8Array>>}
 */
export async function bundle({ dist, folder }) {
  try {
    const { outputFiles } = await build({
      entryPoints: [join(dist, 'cli', 'hvql.js')],
      outdir: folder,
      write: false,
      bundle: true,
      splitting: true,
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      platform: 'node',
      target: 'node20',
      external,
      // One graphql for packages that import it and those that require it.
      mainFields: ['module', 'main'],
      minifyWhitespace: true,
      // Node prints the line of an error that nothing catches.
      lineLimit: 200,
      legalComments: 'none',
      // Of packages that are CommonJS modules.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      plugins: [placeIn({ dist, folder })],
      logLevel: 'warning',
    });
    const files = outputFiles.map(
      ({ path, contents }) => /** @type {const} */ ([relative(folder, path), contents]),
    );
    const isProgram = (/** @type {string} */ name) => name === bundledProgram;
    return new Map([...files].sort(([one], [other]) => Number(isProgram(one)) - Number(isProgram(other))));
  } finally {
    await stop();
  }
}

/**
 * Modules of dist find their files and threads where these are.
 *
 * @param {{ readonly dist: string, readonly folder: string }} places
 * @returns {import('esbuild').Plugin}
 */
function placeIn({ dist, folder }) {
  return {
    name: 'place in dist',
    setup(builder) {
      builder.onLoad({ filter: /\.js$/ }, ({ path }) => {
        if (!path.startsWith(dist + sep)) return null;
        const place = JSON.stringify(relative(folder, path).replaceAll(sep, '/'));
        const contents = readFileSync(path, 'utf8').replaceAll(
          'import.meta.url',
          `new URL(${place}, import.meta.url).href`,
        );
        return { contents, loader: 'js' };
      });
    },
  };
}
