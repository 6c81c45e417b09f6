/** Any kind of file where a page should be: its object fails alone, and all others are read as before. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { openCapture } from '../../../src/source/capture/capture.ts';
import { systemFiles, type FileSystem } from '../../../src/source/page-folder/file-system.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import type { Source } from '../../../src/source/source.ts';
import { ask, samplerOf, type Answer } from '../../ask.ts';
import { fuzzSettings } from '../../fuzz/choice.ts';
import { copyOfFixture } from '../scratch.ts';

const query = `{ hypervisor {
  counters { totalPages }
  page { ...groups }
  logicalProcessors { index counters { totalRunTime } page { ...groups } }
  partitions { nodes {
    partitionId counters { gpaPages } page { ...groups }
    virtualProcessors { index counters { hypercalls } page { ...groups } }
  } }
} }
fragment groups on OverlayPage { groups { type versionMajor versionMinor lengthInBytes isKnown values } bytes }`;

/** The response for each object, by its folder: values, or the codes of its errors. */
function sayingsOf({ data, errors = [] }: Answer): Map<string, unknown> {
  const sayings = new Map<string, unknown>();
  const note = (key: string, at: readonly (string | number)[], { counters, page }: any): void => {
    const own = errors.filter(
      ({ path = [] }) =>
        at.every((step, n) => path[n] === step) && ['counters', 'page'].includes(String(path[at.length])),
    );
    for (const { extensions } of own) {
      expect(['PAGE_UNAVAILABLE', 'PAGE_MALFORMED']).toContain(extensions['code']);
      known += 1;
    }
    sayings.set(key, { counters, page, errors: own });
  };
  let known = 0;
  note('', ['hypervisor'], data.hypervisor);
  data.hypervisor.logicalProcessors.forEach((processor: any, n: number) =>
    note(`lp/${processor.index}`, ['hypervisor', 'logicalProcessors', n], processor),
  );
  data.hypervisor.partitions.nodes.forEach((partition: any, n: number) => {
    const at = ['hypervisor', 'partitions', 'nodes', n];
    const key = `partition/${partition.partitionId}`;
    note(key, at, partition);
    partition.virtualProcessors.forEach((processor: any, m: number) =>
      note(`${key}/vp/${processor.index}`, [...at, 'virtualProcessors', m], processor),
    );
  });
  // There are no other errors.
  expect(known).toBe(errors.length);
  return sayings;
}

/** The kinds of host: where the pages of one are, and the source that reads them. */
const hosts: readonly [string, () => Promise<{ folder: string; source: Source }>][] = [
  [
    'a page folder',
    async () => {
      const folder = copyOfFixture('small-host');
      return { folder, source: openPageFolder(folder, { clock: systemClock }) };
    },
  ],
  [
    'a capture',
    async () => {
      const path = copyOfFixture('three-frames');
      const source = await openCapture({ path, isLoop: false, standStillAt: 1 }, { clock: systemClock });
      return { folder: `${path}/frames/000001`, source };
    },
  ],
];

/** Little-endian group header: type, minor, major, length. */
function header(type: number, lengthInBytes: number): Buffer {
  const bytes = Buffer.alloc(8);
  [type, 0, 1, lengthInBytes].forEach((field, n) => bytes.writeUInt16LE(field, 2 * n));
  return bytes;
}

/** A page that begins with these bytes, and zeros to its end. */
const pageOf = (beginning: Uint8Array): Buffer =>
  Buffer.concat([beginning, Buffer.alloc(4096)]).subarray(0, 4096);

const content = fc.oneof(
  fc.uint8Array({ minLength: 4096, maxLength: 4096 }),
  fc
    .record({
      type: fc.nat(0xffff),
      length: fc.constantFrom(0, 1, 7, 8, 4080, 4088, 4089, 4096, 0x7fff, 0xffff),
    })
    .map(({ type, length }) => pageOf(header(type, length))),
  fc.constantFrom(0, 1, 8, 4095, 4097, 8192).map((length) => Buffer.alloc(length, 1)),
);

/** What can replace a page file, besides other content. */
const replacements: Record<string, (path: string) => void> = {
  nothing: () => undefined,
  folder: (path) => mkdirSync(path),
  'folder with a page in it': (path) => {
    mkdirSync(path);
    writeFileSync(`${path}/stats.page`, '');
  },
  pipe: (path) => execFileSync('mkfifo', [path]),
  'sparse gigabyte': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 30);
  },
  'link to itself': (path) => symlinkSync(path, path),
  'link to nowhere': (path) => symlinkSync('/nowhere/at/all', path),
  'link to a folder': (path) => symlinkSync('..', path),
  device: (path) => symlinkSync('/dev/zero', path),
  'socket without a listener': (path) => symlinkSync('/dev/log', path),
};

describe.each(hosts)('in %s,', (_title, open) => {
  let folder: string;
  let source: Source;
  let before: Map<string, unknown>;
  const readAll = async (): Promise<Map<string, unknown>> => {
    const answer = await ask({ source, sampler: samplerOf(source), query });
    expect(JSON.stringify(answer)).not.toContain('hvql-test');
    return sayingsOf(answer);
  };
  beforeEach(async () => {
    ({ folder, source } = await open());
    before = await readAll();
    expect(before.size).toBeGreaterThan(8);
  });
  const pathOf = (key: string): string => [folder, key, 'stats.page'].filter(Boolean).join('/');
  const keyOf = (n: number): string => String([...before.keys()][n % before.size]);

  it('any bytes in a page affect at most their own object', async () => {
    const { numRuns } = fuzzSettings(100);
    let failed = 0;
    const pages = fc.array(fc.tuple(fc.nat(), content), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pages, async (written) => {
        const originals = new Map(written.map(([n]) => [keyOf(n), readFileSync(pathOf(keyOf(n)))]));
        for (const [n, bytes] of written) writeFileSync(pathOf(keyOf(n)), bytes);
        const after = await readAll();
        for (const [key, original] of originals) {
          if ((after.get(key) as { errors: unknown[] }).errors.length > 0) failed += 1;
          after.set(key, before.get(key));
          writeFileSync(pathOf(key), original);
        }
        expect(after).toEqual(before);
      }),
      { numRuns, seed: 4 },
    );
    expect(failed).toBeGreaterThan(numRuns / 3);
    expect(await readAll()).toEqual(before);
  });

  it.each(Object.entries(replacements))(
    'a %s in place of a page affects only its own object',
    async (_what, replace) => {
      for (const key of ['', 'lp/0', 'partition/1', 'partition/1/vp/0']) {
        const path = pathOf(key);
        renameSync(path, `${path}-away`);
        replace(path);
        const after = await readAll();
        expect(after.get(key)).toMatchObject({ counters: null, page: null, errors: { length: 2 } });
        after.set(key, before.get(key));
        expect(after).toEqual(before);
        rmSync(path, { recursive: true, force: true });
        renameSync(`${path}-away`, path);
      }
      expect(await readAll()).toEqual(before);
    },
  );

  it.skipIf(process.getuid?.() === 0)(
    'a page without read permission affects only its own object',
    async () => {
      chmodSync(pathOf('lp/0'), 0o000);
      const after = await readAll();
      expect(after.get('lp/0')).toMatchObject({ counters: null, errors: { length: 2 } });
      after.set('lp/0', before.get('lp/0'));
      expect(after).toEqual(before);
    },
  );
});

describe('a page that grows or shrinks while it is being read', () => {
  it.each<[string, (path: string) => void, (outcome: unknown) => void]>([
    [
      'grows',
      (path) => appendFileSync(path, 'more'),
      (outcome) =>
        expect(outcome).toMatchObject({
          code: 'PAGE_MALFORMED',
          message:
            'lp/0/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 4100.',
        }),
    ],
    [
      'shrinks',
      (path) => truncateSync(path, 100),
      (outcome) =>
        expect(outcome).toMatchObject({
          code: 'PAGE_MALFORMED',
          message:
            'lp/0/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 100.',
        }),
    ],
    [
      'is removed',
      (path) => rmSync(path),
      (outcome) => expect(outcome).toMatchObject({ page: { bytes: { byteLength: 4096 } } }),
    ],
  ])('is read completely or reported as an error: %s', async (_how, change, check) => {
    const folder = copyOfFixture('small-host');
    const path = `${folder}/lp/0/stats.page`;
    let isDue = true;
    const files: FileSystem = {
      ...systemFiles,
      readSync(...args) {
        if (isDue) change(path);
        isDue = false;
        return systemFiles.readSync(...args);
      },
    };
    const source = openPageFolder(folder, { clock: systemClock, files });
    const read = await source.read(
      [
        { object: 'LOGICAL_PROCESSOR', index: 0 },
        { object: 'LOGICAL_PROCESSOR', index: 1 },
      ],
      new AbortController().signal,
    );
    check(read.outcomes[0]);
    expect(read.outcomes[1]).toMatchObject({ page: {} });
  });
});

describe('a page folder without a usable manifest or root folder', () => {
  const ways: Record<string, (folder: string) => void> = {
    'an invalid manifest': (folder) => writeFileSync(`${folder}/manifest.json`, 'secret garbage'),
    'a manifest that is empty': (folder) => writeFileSync(`${folder}/manifest.json`, ''),
    'a manifest that is a folder': (folder) => {
      rmSync(`${folder}/manifest.json`);
      mkdirSync(`${folder}/manifest.json`);
    },
    'a manifest that is a pipe': (folder) => {
      rmSync(`${folder}/manifest.json`);
      execFileSync('mkfifo', [`${folder}/manifest.json`]);
    },
    'a manifest of a gigabyte': (folder) => truncateSync(`${folder}/manifest.json`, 2 ** 30),
    'a manifest with two roots': (folder) =>
      writeFileSync(
        `${folder}/manifest.json`,
        '{"format": "hvql-pages", "version": 1, "partitions": [{"id": "1", "parent": null}, {"id": "5", "parent": null}]}',
      ),
    'a manifest that links to itself': (folder) => {
      rmSync(`${folder}/manifest.json`);
      symlinkSync(`${folder}/manifest.json`, `${folder}/manifest.json`);
    },
    'a folder that is a file': (folder) => {
      rmSync(folder, { recursive: true });
      writeFileSync(folder, '');
    },
    'a folder that is a link to itself': (folder) => {
      rmSync(folder, { recursive: true });
      symlinkSync(folder, folder);
    },
    'a missing folder': (folder) => rmSync(folder, { recursive: true }),
  };
  it.each(Object.entries(ways))(
    'fails completely with %s, and recovers when it is restored',
    async (_what, spoil) => {
      const folder = copyOfFixture('small-host');
      const spare = copyOfFixture('small-host');
      const source = openPageFolder(folder, { clock: systemClock });
      const sampler = samplerOf(source);
      const before = sayingsOf(await ask({ source, sampler, query }));
      spoil(folder);
      const answer = await ask({ source, sampler, query });
      expect(answer).toMatchObject({
        data: null,
        errors: [{ path: ['hypervisor'], extensions: { code: 'PAGE_UNAVAILABLE' } }],
      });
      expect(JSON.stringify(answer)).not.toMatch(/hvql-test|secret/);
      const check = { signal: new AbortController().signal, maximumAgeMilliseconds: 5000 };
      await expect(sampler.checkReady(check)).rejects.toMatchObject({ code: 'PAGE_UNAVAILABLE' });
      rmSync(folder, { recursive: true, force: true });
      renameSync(spare, folder);
      await sampler.checkReady(check);
      expect(sayingsOf(await ask({ source, sampler, query }))).toEqual(before);
    },
  );
});
