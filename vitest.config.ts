import { configDefaults, defineConfig } from 'vitest/config';
import { areClientsInstalled } from './test/clients-installed.ts';

/** Suites that send operations by HTTP, and so pass by the hot path, run a second time without it. */
const hotPathSuites = [
  'test/server/{answer,audit,error-mask,fairness,graphql,known-question,leftovers,way-check,yoga}.test.ts',
  'test/server/http/{client-error,connections,exchange,slow-answers}.test.ts',
  'test/end-to-end/{access-matrix,admission,greedy-guest,hostile-connection,operation}.test.ts',
  'test/fuzz/{protocol,transport}.test.ts',
];

export default defineConfig({
  // Without this, Vite resolves graphql's ESM build and dependencies its CommonJS one: "from another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'hvql',
          globalSetup: ['test/build-once.ts'],
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...(areClientsInstalled() ? [] : ['test/clients/**'])],
        },
      },
      {
        extends: true,
        test: {
          name: 'hot path off',
          globalSetup: ['test/build-once.ts'],
          include: hotPathSuites,
          env: { HVQL_TEST_HOT_PATH: 'off' },
        },
      },
    ],
  },
});
