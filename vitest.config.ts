import { configDefaults, defineConfig } from 'vitest/config';
import { areClientsInstalled } from './test/clients-installed.ts';

export default defineConfig({
  // Without this, Vite resolves graphql's ESM build and dependencies its CommonJS one: "from another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(areClientsInstalled() ? [] : ['test/clients/**'])],
    globalSetup: ['test/build-once.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
