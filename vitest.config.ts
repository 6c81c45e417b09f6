import { existsSync } from 'node:fs';
import { join } from 'node:path';
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

/**
 * Suites whose answers the hot path gives: they run a second time without it. Fuzzed requests hardly ever come twice, so
 * they do not take the hot path in the first place; test/fuzz/hot-path.test.ts compares the two ways byte by byte.
 */
const hotPathSuites = [
  ...['answer', 'audit', 'error-mask', 'fairness', 'graphql', 'known-question', 'transport-check'],
  ...['http/http-exchange', 'http/slow-answers'],
  ...['../end-to-end/access-matrix', '../end-to-end/allowlist', '../end-to-end/operation'],
].map((name) => join('test/server', `${name}.test.ts`));

/**
 * Suites that have a process of their own: they replace what is global, or measure the process that they run in. All others
 * share processes, and with them what Node has loaded and compiled; what their modules start ends by test/setup.ts.
 */
const ownProcess = [
  'test/cli/commands/doctor-lockdown.test.ts', // Replaces modules of Node.
  'test/cli/heap.test.ts',
  'test/execution/greedy-operation.test.ts',
  'test/execution/live/fair-events.test.ts',
  ...['fairness', 'leftovers', 'stall'].map((name) => `test/server/${name}.test.ts`),
  'test/source/mshv/kept-files.test.ts',
  'test/source/page-folder/links.test.ts',
];
for (const suite of [...hotPathSuites, ...ownProcess])
  if (!existsSync(suite)) throw new Error(`there is no ${suite}`);
ownProcess.push(
  ...['bench', 'clients', 'fuzz', 'soak', 'storm'].map((folder) => `test/${folder}/**/*.test.ts`),
  'test/*.test.ts',
);

export default defineConfig({
  // Without this, Vite resolves graphql's ESM build and dependencies its CommonJS one: "from another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    // None of these is what a test is about: they are for machines with ten times the load.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    setupFiles: ['test/setup.ts'],
    // One rare failure of thousands of tests does not keep a change back, but is printed, to be mended.
    retry: process.env['CI'] ? 1 : 0,
    reporters: ['default', './test/flaky-reporter.ts'],
    // More than the two processors of most runners, because many tests wait for timers, processes and browsers; but each
    // worker loads all modules: a fourth takes a minute more of processor time, and half a minute more in all.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'hvql',
          isolate: false,
          globalSetup: ['test/build-once.ts'],
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ownProcess],
        },
      },
      {
        extends: true,
        test: {
          name: 'hvql, own process',
          globalSetup: ['test/build-once.ts'],
          include: ownProcess,
          exclude: [...configDefaults.exclude, ...(areClientsInstalled() ? [] : ['test/clients/**'])],
        },
      },
      {
        extends: true,
        test: {
          name: 'hot path off',
          isolate: false,
          globalSetup: ['test/build-once.ts'],
          include: hotPathSuites,
          env: { HVQL_TEST_HOT_PATH: 'off' },
        },
      },
    ],
  },
});
