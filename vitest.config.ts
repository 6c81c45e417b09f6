import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { areClientsInstalled } from './test/clients-installed.ts';

/** Folders whose files take tens of seconds each, most of which they wait: longest first, so that none is left over. */
const longFolders = ['storm', 'fuzz', 'bench', 'end-to-end', 'documents', 'clients', 'source', 'soak'];

/** Without a cache of durations, as in a fresh clone, Vitest begins with the largest files and ends with the slowest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longFolders.findIndex((folder) => moduleId.includes(`/test/${folder}/`));
      return at === -1 ? longFolders.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Suites that send operations by HTTP, and so pass by the hot path, run a second time without it. */
const hotPathSuites = [
  'test/server/{answer,audit,error-mask,fairness,graphql,known-question,leftovers,transport-check,yoga}.test.ts',
  'test/server/http/{client-error,connections,http-exchange,slow-answers}.test.ts',
  'test/end-to-end/{access-matrix,allowlist,greedy-guest,hostile-connection,operation}.test.ts',
  'test/fuzz/{protocol,transport}.test.ts',
];

export default defineConfig({
  // Without this, Vite resolves graphql's ESM build and dependencies its CommonJS one: "from another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // One more than there are processors, as many tests wait for timers, processes and browsers.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
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
