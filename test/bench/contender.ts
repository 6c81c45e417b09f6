/** The servers that are compared. A new variant of hvql is a line in this list. */
import { existsSync } from 'node:fs';
import { currentBuild, sharingFlag, type Build } from './build.ts';
import { startServer, type RunningServer } from './running-server.ts';

/** The arguments of each server. */
export interface Ground {
  /** The page folder of the host. */
  readonly folder: string;
  readonly secret: string;
}

/** A compared server. */
export interface Contender {
  /** 'A' to 'D' are those that others are measured against. */
  readonly key: string;
  readonly name: string;
  /** Where its pages are, and what it does not do. */
  readonly note: string;
  /** Which row of the table to reach it is held to. */
  readonly heldTo: 'computed each time' | 'shared snapshot' | 'page files' | null;
  /** Whether it is asked the cold questions: it needs to understand GraphQL, and one variant of hvql is enough. */
  readonly isAskedCold: boolean;
  readonly processes: number;
  start(ground: Ground, nodeFlags?: readonly string[]): Promise<RunningServer>;
}

/** hvql with flags of `serve`, over pages in memory, or over the page folder as the program itself reads it. */
export interface Variant extends Omit<Contender, 'start' | 'processes'> {
  readonly pages: 'memory' | 'folder';
  /** How long requests share a snapshot; null: as long as they do by default. */
  readonly sharing: '0' | '1s' | null;
  readonly flags: readonly string[];
  /** The key of the variant of an earlier build that it is measured against; null: none. */
  readonly before: string | null;
  /** Its answers per second, and for each second on a processor, as a ratio to that one's. */
  readonly goalBeside: number;
}

const computedEachTime: Variant = {
  key: 'hvql',
  name: 'hvql',
  note: 'as it is built, over pages in memory; each answer computed each time; a token at each request',
  heldTo: 'computed each time',
  isAskedCold: true,
  pages: 'memory',
  sharing: '0',
  flags: [],
  before: 'hvql',
  goalBeside: 0.97,
};
const shared: Variant = {
  ...computedEachTime,
  key: 'hvql shared',
  name: 'hvql, shared snapshots',
  note: 'the same question within one snapshot of a second; a token at each request',
  heldTo: 'shared snapshot',
  isAskedCold: false,
  sharing: '1s',
  before: 'hvql shared',
};
const throughYoga: Variant = {
  ...computedEachTime,
  key: 'hvql yoga',
  name: 'hvql, through Yoga',
  note: 'hvql with --hot-path off: every request runs through all of Yoga, each answer computed each time',
  heldTo: null,
  isAskedCold: false,
  flags: ['--hot-path', 'off'],
  before: 'hvql',
  goalBeside: 0.45,
};
const asItComes: Variant = {
  ...computedEachTime,
  key: 'hvql default',
  name: 'hvql, with defaults',
  note: 'snapshots are shared for 10 ms',
  heldTo: null,
  isAskedCold: false,
  sharing: null,
  before: 'hvql default',
};
const workers: Variant = {
  ...computedEachTime,
  key: 'hvql workers',
  name: 'hvql, two workers',
  note: 'hvql, each answer computed each time, with --workers 2; on a machine of two cores they share them with the load generator, which needs one',
  heldTo: null,
  isAskedCold: false,
  flags: ['--workers', '2'],
  before: null,
};
const files: Variant = {
  ...computedEachTime,
  key: 'hvql files',
  name: 'hvql, pages:<folder>',
  note: 'the same over page files in a tmpfs, which are read for each snapshot: compare with "B, reading files"',
  heldTo: 'page files',
  isAskedCold: false,
  pages: 'folder',
  before: 'hvql files',
};
const filesAsTheyCome: Variant = {
  ...files,
  key: 'hvql files default',
  name: 'hvql, pages:<folder>, with defaults',
  note: 'over the same page files, and snapshots are shared for 10 ms',
  heldTo: null,
  sharing: null,
  before: 'hvql files default',
};

/** All variants in the order of the tables. */
export const variants: readonly Variant[] = [
  computedEachTime,
  shared,
  throughYoga,
  asItComes,
  workers,
  files,
  filesAsTheyCome,
];

/** Whether the rivals are installed. They have a folder of their own: no test is to find their graphql for the project's. */
export function areRivalsInstalled(): boolean {
  return existsSync(new URL('rival/node_modules/mercurius', import.meta.url));
}

/** All compared servers, in the order of the table. */
export function contenders(): readonly Contender[] {
  const all: Contender[] = [
    { ...bare('ready'), key: 'A', name: 'A. node:http', note: 'the same bytes, ready-made' },
    {
      ...bare('memory'),
      key: 'B',
      name: 'B. node:http, hand-written',
      note: 'decodes pages in memory each time, plain objects, JSON.stringify; no GraphQL, checks nothing',
    },
    {
      ...bare('files'),
      key: 'B files',
      name: 'B, reading files',
      note: 'B, but opens and reads each page file',
    },
    {
      key: 'C',
      name: 'C. Yoga, graphql-js',
      note: 'this schema and its snapshots over pages in memory; verifies the token, plans',
      heldTo: null,
      isAskedCold: true,
      processes: 1,
      start: ({ folder, secret }, nodeFlags = []) =>
        startServer({
          file: 'yoga-process.ts',
          args: [folder],
          env: { HVQL_JWT_SECRET: secret, NODE_ENV: 'production' },
          nodeFlags,
        }),
    },
    {
      key: 'D',
      name: 'D. Mercurius, JIT',
      note: 'a schema of its own with the same fields over pages in memory; without authentication',
      heldTo: null,
      isAskedCold: true,
      processes: 1,
      async start({ folder }, nodeFlags = []) {
        if (!areRivalsInstalled())
          throw new Error('it is not installed; run npm ci in test/bench/rival and read what npm says');
        return startServer({
          file: 'rival/mercurius-process.ts',
          args: [folder],
          env: { NODE_ENV: 'production' },
          nodeFlags,
        });
      },
    },
  ];
  return [...all, ...variants.map((variant) => hvql(variant, currentBuild))];
}

/** The contender of a key. */
export function contenderNamed(key: string): Contender {
  const contender = contenders().find((candidate) => candidate.key === key);
  if (contender === undefined) throw new TypeError(`there is no contender ${key}`);
  return contender;
}

function bare(
  way: 'ready' | 'memory' | 'files',
): Pick<Contender, 'heldTo' | 'isAskedCold' | 'processes' | 'start'> {
  return {
    heldTo: null,
    isAskedCold: false,
    processes: 1,
    start: ({ folder }, nodeFlags = []) =>
      startServer({ file: 'bare-process.ts', args: [way, folder], env: {}, nodeFlags }),
  };
}

/** A variant of a build. */
export function hvql({ pages, sharing, flags, ...contender }: Variant, build: Build): Contender {
  return {
    ...contender,
    processes: flags.includes('--workers') ? 2 : 1,
    async start({ folder, secret }, nodeFlags = []) {
      const shares = sharing === null ? [] : [sharingFlag(build), sharing];
      const common = ['--port', '0', '--log-level', 'warn', ...shares, ...flags];
      return startServer({
        root: build.root,
        file: pages === 'memory' ? 'hvql-process.ts' : null,
        args: pages === 'memory' ? [folder, ...common] : ['serve', '--source', `pages:${folder}`, ...common],
        env: { HVQL_JWT_SECRET: secret },
        nodeFlags,
      });
    },
  };
}
