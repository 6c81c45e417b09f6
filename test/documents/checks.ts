/** How the code blocks of the documents are checked. `documents.test.ts` fails for a block that no row is about. */

/** A row of the table. The first row for a block's document and language counts. */
interface Check {
  /** null for all documents. */
  readonly document: string | null;
  readonly language: string;
  /** The test file that runs or compiles the block; null for one that is no code, or cannot be run. */
  readonly by: string | null;
  /** Why it is not run. */
  readonly because?: string;
}

const examples = 'test/documents/examples.test.ts';

export const checks: readonly Check[] = [
  { document: null, language: 'text', by: null, because: 'It is a drawing, a tree of files or output.' },
  { document: 'docs/front-ends.md', language: 'ts', by: 'test/clients/front-ends.test.ts' },
  { document: 'docs/front-ends.md', language: 'json', by: 'test/clients/front-ends.test.ts' },
  { document: 'docs/front-ends.md', language: 'nginx', by: 'test/end-to-end/many-streams.test.ts' },
  { document: 'docs/deployment.md', language: 'sh', by: 'test/documents/deployment.test.ts' },
  { document: 'docs/deployment.md', language: 'nginx', by: 'test/documents/deployment.test.ts' },
  { document: 'docs/deployment.md', language: 'ini', by: 'test/packaging.test.ts' },
  { document: 'packaging/windows-service.md', language: 'xml', by: 'test/packaging.test.ts' },
  {
    document: 'packaging/windows-service.md',
    language: 'powershell',
    by: null,
    because: 'It needs a Windows host with the role Hyper-V.',
  },
  { document: 'docs/metrics.md', language: 'yaml', by: 'test/end-to-end/prometheus.test.ts' },
  { document: 'docs/fleet.md', language: 'nats', by: 'test/fleet/permissions.test.ts' },
  { document: 'schema/overlay-page.md', language: 'hex', by: 'test/schema/overlay-page.test.ts' },
  { document: null, language: 'sh', by: examples },
  { document: null, language: 'ts', by: examples },
  { document: null, language: 'js', by: examples },
  { document: null, language: 'json', by: examples },
  { document: null, language: 'graphql', by: examples },
];

/** A command that a test cannot run, and its replacement. */
interface StandIn {
  /** Matches the line, or its beginning. */
  readonly command: RegExp;
  /** What is run in place of what matches; ":" does nothing. */
  readonly runs: string;
  readonly because: string;
}

export const standIns: readonly StandIn[] = [
  {
    command: /^npm ci && npm start$/,
    runs: 'hvql serve',
    because:
      'The dependencies are installed; .ci/run runs `npm ci`, test/end-to-end/npm.test.ts `npm start`.',
  },
  {
    command: /^npm run bench\b.*/,
    runs: ':',
    because: 'It takes minutes and a quiet machine; test/bench/bench.test.ts runs the parts.',
  },
  {
    command: /^npm run fleet\b.*/,
    runs: ':',
    because: 'It runs until it is interrupted; test/end-to-end/fleet.test.ts runs `hvql fleet`.',
  },
  {
    command: /^FUZZ_SEED=.*/,
    runs: ':',
    because: 'It takes long; the suite runs the same file with fewer operations.',
  },
  {
    command: /^UPDATE_SCHEMA=1 .*/,
    runs: ':',
    because: 'It writes into the project; the same tests compare the files without it.',
  },
  { command: /^npm ci && npm test$/, runs: ':', because: 'It would run this test; .ci/run runs it.' },
  {
    command: /^npm install .*/,
    runs: ':',
    because: 'hvql is in no registry; test/end-to-end/package.test.ts installs its package.',
  },
  {
    command: /^npx hvql /,
    runs: 'hvql ',
    because: 'The folder has no installation; test/end-to-end/npm.test.ts runs npx.',
  },
  {
    command: /^sudo hvql serve --source mshv .*/,
    runs: ':',
    because:
      'It needs a Linux root partition with the mshv driver; test/end-to-end/linux-host.test.ts has a copy.',
  },
];
