// @ts-check
/** How the dashboard is built: hashed files, each beside what gzip and brotli make of it. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = import.meta.dirname;

/** @type {import('vite').UserConfig} */
export default {
  root,
  base: '/dashboard/',
  logLevel: 'warn',
  build: {
    target: 'es2022',
    // Nothing is loaded by a page but what it names: this would add a script for browsers of 2020.
    modulePreload: false,
    // The icon as well, which a CSP without data: would refuse.
    assetsInlineLimit: 0,
    emptyOutDir: true,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [
    {
      name: 'compressed',
      writeBundle({ dir = '' }) {
        const assets = join(dir, 'assets');
        for (const name of readdirSync(assets)) {
          const bytes = readFileSync(join(assets, name));
          writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }));
          const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
          writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes, { params }));
        }
        copyFileSync(join(root, 'generated/documents.json'), join(dir, 'documents.json'));
      },
    },
  ],
};
