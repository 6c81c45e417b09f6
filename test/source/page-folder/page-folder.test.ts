import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { counterNamed } from '../../../src/catalogue/catalogue.ts';
import { HvqlError, UsageError } from '../../../src/errors.ts';
import { encodeCounters, encodePage, encodeRelease } from '../../../src/page/encode.ts';
import { hypervisorName, type ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Reading } from '../../../src/snapshot/reading.ts';
import { systemFiles, type FileSystem } from '../../../src/source/page-folder/file-system.ts';
import { ManifestMemory } from '../../../src/source/page-folder/manifest.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { namesOf, type HostSnapshot } from '../../../src/source/host-snapshot.ts';
import { pageFolderWriter } from '../../../src/source/page-folder/page-folder-writer.ts';
import { topologyOf, type Topology } from '../../../src/snapshot/topology.ts';
import type { Source } from '../../../src/source/source.ts';
import { expectedOf, expectValues } from '../expected-values.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, fixture, putFile, scratchFolder } from '../scratch.ts';

const never = new AbortController().signal;
const clock = new ManualClock();
const processor = (index: number): ObjectName => ({ object: 'LOGICAL_PROCESSOR', index });
const globalTime = counterNamed('LOGICAL_PROCESSOR', 'globalTime');

/** What became of logical processor 1, whose page is broken, between two whose pages are not. */
async function outcomeBetweenOthers(source: Source): Promise<HvqlError> {
  const { outcomes } = await source.read([processor(0), processor(1), processor(2)], never);
  expect(outcomes[0]).not.toBeInstanceOf(HvqlError);
  expect(outcomes[2]).not.toBeInstanceOf(HvqlError);
  if (!(outcomes[1] instanceof HvqlError)) throw new Error('the page was read');
  return outcomes[1];
}

/** The file system, with a failure of this code when this page is opened or read. */
function failingFiles(code: string, call: 'openSync' | 'readSync'): FileSystem {
  let isBroken = false;
  const fail = (): never => {
    throw Object.assign(new Error(`${code}: /secret/place`), { code });
  };
  return {
    ...systemFiles,
    openSync(path, flags) {
      isBroken = path.endsWith('lp/1/stats.page');
      return isBroken && call === 'openSync' ? fail() : systemFiles.openSync(path, flags);
    },
    readSync: (...args) => (isBroken && call === 'readSync' ? fail() : systemFiles.readSync(...args)),
  };
}

describe('a page folder', () => {
  it('has the exact values of the small host', async () => {
    await expectValues(openPageFolder(fixture('small-host'), { clock }), expectedOf('small-host'));
  });

  it('reads only the requested page', async () => {
    const opened: string[] = [];
    const folder = copyOfFixture('small-host');
    const files: FileSystem = {
      ...systemFiles,
      openSync(path, flags) {
        opened.push(path.slice(folder.length + 1));
        return systemFiles.openSync(path, flags);
      },
    };
    const source = openPageFolder(folder, { clock, files });
    await source.topology(never);
    opened.length = 0;
    await source.read([{ object: 'VIRTUAL_PROCESSOR', partitionId: 9n, index: 1 }], never);
    expect(opened).toEqual(['partition/9/vp/1/stats.page']);
  });

  it('returns the same reading while a page has the same bytes, and another one after any byte has changed', async () => {
    const folder = copyOfFixture('small-host');
    const place = join(folder, 'lp/0/stats.page');
    const name = processor(0);
    const source = openPageFolder(folder, { clock });
    const read = async (): Promise<Reading> => {
      const [outcome] = (await source.read([name], never)).outcomes;
      if (outcome === undefined || outcome instanceof HvqlError) throw outcome ?? new Error('no outcome');
      return outcome;
    };
    const first = await read();
    const bytes = readFileSync(place);
    expect(Buffer.from(first.page?.bytes ?? [])).toEqual(bytes);
    expect(await read()).toBe(first);
    // A writer without new values still replaces the file.
    putFile(folder, { place: 'lp/0/stats.page', content: bytes });
    expect(await read()).toBe(first);

    for (const at of [8, 4095]) {
      const changed = Buffer.from(bytes);
      changed[at] = 255 - (bytes[at] ?? 0);
      putFile(folder, { place: 'lp/0/stats.page', content: changed });
      const reading = await read();
      expect(reading).not.toBe(first);
      expect(Buffer.from(reading.page?.bytes ?? [])).toEqual(changed);
      // Earlier readings are unchanged.
      expect(Buffer.from(first.page?.bytes ?? [])).toEqual(bytes);
    }
    truncateSync(place, 4095);
    await expect(read()).rejects.toThrow('4095');
    rmSync(place);
    await expect(read()).rejects.toThrow('is not there');
  });

  it('is read again for each snapshot', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    for (const value of [17n, 0xffff_ffff_ffff_ffffn]) {
      putFile(folder, {
        place: 'lp/0/stats.page',
        content: encodeCounters('LOGICAL_PROCESSOR', () => value),
      });
      const { outcomes } = await source.read([processor(0)], never);
      expect(outcomes[0] instanceof HvqlError || outcomes[0]?.value(globalTime)).toBe(value);
    }
  });

  it('keeps 4096 bytes in memory per reading, not the whole batch', async () => {
    const source = openPageFolder(fixture('small-host'), { clock });
    const { outcomes } = await source.read([processor(0), processor(1)], never);
    const sizes = outcomes.map((outcome) =>
      outcome instanceof HvqlError ? outcome.code : outcome.page?.bytes.buffer.byteLength,
    );
    expect(sizes).toEqual([4096, 4096]);
  });

  it('stops within a batch when the signal is aborted', async () => {
    const source = openPageFolder(fixture('small-host'), { clock });
    const controller = new AbortController();
    const reading = source.read(
      Array.from({ length: 1000 }, () => hypervisorName),
      controller.signal,
    );
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('a page file', () => {
  const broken: readonly { how: string; breakPage: (path: string) => void; code: string; message: string }[] =
    [
      {
        how: 'that is missing',
        breakPage: (path) => rmSync(path),
        code: 'PAGE_UNAVAILABLE',
        message: 'lp/1/stats.page is not there.',
      },
      {
        how: 'that is short',
        breakPage: (path) => truncateSync(path, 100),
        code: 'PAGE_MALFORMED',
        message:
          'lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 100.',
      },
      {
        how: 'that is empty',
        breakPage: (path) => truncateSync(path, 0),
        code: 'PAGE_MALFORMED',
        message:
          'lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 0.',
      },
      {
        how: 'that is a byte too long',
        breakPage: (path) => truncateSync(path, 4097),
        code: 'PAGE_MALFORMED',
        message:
          'lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 4097.',
      },
      {
        how: 'that is huge',
        breakPage: (path) => truncateSync(path, 2 ** 33),
        code: 'PAGE_MALFORMED',
        message:
          'lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 8589934592.',
      },
      {
        how: 'that is a folder',
        breakPage(path) {
          rmSync(path);
          mkdirSync(path);
        },
        code: 'PAGE_UNAVAILABLE',
        message: 'lp/1/stats.page is a folder, not a file.',
      },
      {
        how: 'that is a named pipe without a writer',
        breakPage(path) {
          rmSync(path);
          execFileSync('mkfifo', [path]);
        },
        code: 'PAGE_UNAVAILABLE',
        message: 'lp/1/stats.page is a named pipe, not a file.',
      },
      {
        how: 'that is a link to a device',
        breakPage(path) {
          rmSync(path);
          symlinkSync('/dev/zero', path);
        },
        code: 'PAGE_UNAVAILABLE',
        message:
          'lp/1/stats.page cannot be read: the symbolic link lp/1/stats.page leads out of the folder (EXDEV).',
      },
      {
        how: 'that is a link to itself',
        breakPage(path) {
          rmSync(path);
          symlinkSync(path, path);
        },
        code: 'PAGE_UNAVAILABLE',
        message: 'lp/1/stats.page cannot be read: too many symbolic links encountered (ELOOP).',
      },
    ];
  it.each(broken)('$how fails without affecting others', async ({ breakPage, code, message }) => {
    const folder = copyOfFixture('small-host');
    breakPage(`${folder}/lp/1/stats.page`);
    const error = await outcomeBetweenOthers(openPageFolder(folder, { clock }));
    expect(error).toMatchObject({ code, message, extensions: { code, page: 'lp/1/stats.page' } });
  });

  it.each([
    ['EACCES', 'openSync', 'permission denied'],
    ['EMFILE', 'openSync', 'too many open files'],
    ['EIO', 'readSync', 'i/o error'],
  ] as const)(
    'that fails with %s in %s fails without affecting others, and its error contains no path',
    async (code, call, words) => {
      const source = openPageFolder(copyOfFixture('small-host'), { clock, files: failingFiles(code, call) });
      const error = await outcomeBetweenOthers(source);
      expect(error.code).toBe('PAGE_UNAVAILABLE');
      expect(error.message).toBe(`lp/1/stats.page cannot be read: ${words} (${code}).`);
      expect(error.extensions['reason']).toBe(code);
    },
  );

  it('is read completely if it arrives in pieces and its size is reported as 0', async () => {
    const files: FileSystem = {
      ...systemFiles,
      fstatSync: (descriptor) => Object.assign(systemFiles.fstatSync(descriptor), { size: 0 }),
      readSync: (descriptor, bytes, at, length, position) =>
        systemFiles.readSync(descriptor, bytes, at, Math.min(length, 1000), position),
    };
    await expectValues(openPageFolder(fixture('small-host'), { clock, files }), expectedOf('small-host'));
  });
});

describe('the topology of a page folder', () => {
  it('contains the current folders', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    const ids = async () => (await source.topology(never)).partitions.map(({ id }) => id);
    expect(await ids()).toEqual([1n, 5n, 9n, 13n]);
    putFile(folder, { place: 'partition/21/vp/7/stats.page', content: '' });
    rmSync(`${folder}/partition/5`, { recursive: true });
    expect(await ids()).toEqual([1n, 9n, 13n, 21n]);
    expect((await source.topology(never)).partition(21n)).toEqual({
      id: 21n,
      parent: 1n,
      name: null,
      virtualProcessors: [7],
    });
  });

  it('ignores folders whose name is not a plain number', async () => {
    const folder = scratchFolder();
    const names = [
      '0',
      '2',
      '10',
      '.new-3',
      '007',
      '-1',
      '1.5',
      'x',
      '4294967296',
      '99999999999999999999999',
    ];
    for (const name of names) {
      mkdirSync(`${folder}/lp/${name}`, { recursive: true });
      mkdirSync(`${folder}/partition/${name}`, { recursive: true });
    }
    putFile(folder, { place: 'lp/4', content: 'a file' });
    const topology = await openPageFolder(folder, { clock }).topology(never);
    expect(topology.logicalProcessors).toEqual([0, 2, 10]);
    expect(topology.partitions.map(({ id }) => id)).toEqual([1n, 2n, 10n, 4294967296n]);
  });

  it('contains the root, even if its folder does not exist', async () => {
    const topology = await openPageFolder(scratchFolder(), { clock }).topology(never);
    expect(topology.logicalProcessors).toEqual([]);
    expect(topology.partitions).toEqual([{ id: 1n, parent: null, name: null, virtualProcessors: [] }]);
  });

  it('contains a partition without a page, whose page is unavailable', async () => {
    const folder = copyOfFixture('small-host');
    rmSync(`${folder}/partition/9/stats.page`);
    const source = openPageFolder(folder, { clock });
    const topology = await source.topology(never);
    expect(topology.partition(9n)?.virtualProcessors).toEqual([0, 1, 2]);
    const { outcomes } = await source.read(namesOf(topology), never);
    const failed = outcomes.filter((outcome) => outcome instanceof HvqlError);
    expect(failed.map(({ message }) => message)).toEqual(['partition/9/stats.page is not there.']);
  });

  it('uses the current manifest', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    const manifest = {
      format: 'hvql-pages',
      version: 1,
      partitions: [
        { id: '5', parent: null, name: 'new root' },
        { id: '9', parent: '13' },
      ],
    };
    putFile(folder, { place: 'manifest.json', content: JSON.stringify(manifest) });
    const { partitions } = await source.topology(never);
    expect(partitions.map(({ id, parent, name }) => [id, parent, name])).toEqual([
      [1n, 5n, null],
      [5n, null, 'new root'],
      [9n, 13n, null],
      [13n, 5n, null],
    ]);
  });

  it.each([
    ['appears', [2n], [2n, 3n]],
    ['disappears', [2n, 3n], [2n]],
  ])('never makes a partition that %s during a read the root', async (_what, before, after) => {
    const snapshotOf = (ids: readonly bigint[]): HostSnapshot => {
      const partitions = [1n, ...ids].map((id) => ({
        id,
        parent: id === 1n ? null : id === 3n ? 2n : 1n,
        name: `name-${id}`,
        virtualProcessors: [],
      }));
      const topology = topologyOf([], partitions);
      const pages = namesOf(topology).map((name) => ({ name, bytes: encodeCounters(name.object, () => 1n) }));
      return { at: clock.now(), topology, pages, pageless: [], failures: [] };
    };
    const names = ['manifest.json', 'partition'];
    for (const name of names) {
      const folder = scratchFolder();
      const writer = pageFolderWriter(folder);
      writer.write(snapshotOf(before));
      let isDue = false;
      const writeAfter = (path: string): void => {
        if (!isDue || !path.endsWith(`/${name}`)) return;
        isDue = false;
        writer.write(snapshotOf(after));
      };
      const files: FileSystem = {
        ...systemFiles,
        readdirSync(path) {
          const entries = systemFiles.readdirSync(path);
          writeAfter(path);
          return entries;
        },
        readTextSync(descriptor) {
          const text = systemFiles.readTextSync(descriptor);
          writeAfter('/manifest.json');
          return text;
        },
      };
      const source = openPageFolder(folder, { clock, files });
      isDue = true;
      const nested = (await source.topology(never)).partition(3n);
      expect(isDue).toBe(false);
      const { outcomes } = await source.read([{ object: 'PARTITION', partitionId: 3n }], never);
      if (!(outcomes[0] instanceof HvqlError)) expect([2n, undefined]).toContain(nested?.parent);
    }
  });

  it('needs one stat and no listing if nothing has changed for a while', async () => {
    const folder = copyOfFixture('small-host');
    let listings = 0;
    let manifests = 0;
    let now = Date.now();
    const files: FileSystem = {
      ...systemFiles,
      now: () => now,
      readdirSync(path) {
        listings++;
        return systemFiles.readdirSync(path);
      },
      openSync(path, flags) {
        manifests++;
        return systemFiles.openSync(path, flags);
      },
    };
    const source = openPageFolder(folder, { clock, files });
    const countReads = async () => {
      listings = manifests = 0;
      await source.topology(never);
      return { listings, manifests };
    };
    // Changed just now: another change could leave the same stamp.
    expect(await countReads()).toEqual({ listings: 6, manifests: 1 });
    expect(await countReads()).toEqual({ listings: 6, manifests: 1 });
    now += 60_000;
    expect(await countReads()).toEqual({ listings: 6, manifests: 1 });
    expect(await countReads()).toEqual({ listings: 0, manifests: 0 });
    mkdirSync(`${folder}/lp/8`);
    expect(await countReads()).toEqual({ listings: 1, manifests: 0 });
    expect((await source.topology(never)).logicalProcessors).toEqual([0, 1, 2, 3, 8]);
  });

  it('fails while the folder is missing, and works again when it is back', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    renameSync(folder, `${folder}-away`);
    try {
      await expect(source.topology(never)).rejects.toMatchObject({
        code: 'PAGE_UNAVAILABLE',
        message: 'The page folder is not there.',
      });
      const { outcomes } = await source.read([hypervisorName], never);
      expect(outcomes[0]).toMatchObject({ code: 'PAGE_UNAVAILABLE' });
    } finally {
      renameSync(`${folder}-away`, folder);
    }
    expect((await source.topology(never)).partitions).toHaveLength(4);
  });

  const gone = {
    code: 'PAGE_UNAVAILABLE',
    message: 'manifest.json is not there any more, and without it nothing says which partition is the root.',
  };
  const withRoot = (id: string): string =>
    JSON.stringify({ format: 'hvql-pages', version: 1, partitions: [{ id, parent: null }] });
  const rootIn = ({ partitions }: Topology): bigint | undefined =>
    partitions.find(({ parent }) => parent === null)?.id;

  it('fails while the manifest that existed at the start is missing', async () => {
    const folder = copyOfFixture('small-host');
    putFile(folder, { place: 'manifest.json', content: withRoot('5') });
    const source = openPageFolder(folder, { clock });
    renameSync(`${folder}/manifest.json`, `${folder}/away.json`);
    for (let round = 0; round < 3; round++) await expect(source.topology(never)).rejects.toMatchObject(gone);
    expect(() => source.sync?.topology(new Set([1n]))).toThrow(gone.message);
    renameSync(`${folder}/away.json`, `${folder}/manifest.json`);
    expect(rootIn(await source.topology(never))).toBe(5n);
    expect(source.sync?.topology(new Set([1n]))?.partition(1n)?.parent).toBe(5n);
    // Not with a whole topology, but with one that only checks whether anything has changed.
    rmSync(`${folder}/manifest.json`);
    expect(() => source.sync?.topology(new Set([1n]))).toThrow(gone.message);
  });

  it('fails while a manifest that appeared later is missing', async () => {
    const folder = copyOfFixture('small-host');
    rmSync(`${folder}/manifest.json`);
    const source = openPageFolder(folder, { clock });
    expect(rootIn(await source.topology(never))).toBe(1n);
    putFile(folder, { place: 'manifest.json', content: withRoot('5') });
    expect(rootIn(await source.topology(never))).toBe(5n);
    rmSync(`${folder}/manifest.json`);
    await expect(source.topology(never)).rejects.toMatchObject(gone);
  });

  it('fails while a manifest that was never valid is missing, because it was intended to have content', async () => {
    const folder = copyOfFixture('small-host');
    rmSync(`${folder}/manifest.json`);
    const source = openPageFolder(folder, { clock });
    putFile(folder, { place: 'manifest.json', content: '{' });
    await expect(source.topology(never)).rejects.toMatchObject({ message: 'manifest.json is not valid.' });
    rmSync(`${folder}/manifest.json`);
    await expect(source.topology(never)).rejects.toMatchObject(gone);
  });

  it('fails if the folder returns without its manifest', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    rmSync(folder, { recursive: true });
    await expect(source.topology(never)).rejects.toMatchObject({ message: 'The page folder is not there.' });
    putFile(folder, { place: 'partition/1/stats.page', content: '' });
    await expect(source.topology(never)).rejects.toMatchObject(gone);
  });

  it.each([
    ['is missing', undefined, gone],
    ['is invalid', '{', { code: 'PAGE_UNAVAILABLE', message: 'manifest.json is not valid.' }],
  ])(
    'fails, although the folder could be opened, if another process has read a manifest that %s',
    async (_, text, why) => {
      const folder = copyOfFixture('small-host');
      rmSync(`${folder}/manifest.json`);
      if (text !== undefined) putFile(folder, { place: 'manifest.json', content: text });
      const source = openPageFolder(folder, { clock, manifestMemory: new ManifestMemory(true) });
      await expect(source.topology(never)).rejects.toMatchObject(why);
      putFile(folder, { place: 'manifest.json', content: withRoot('5') });
      expect(rootIn(await source.topology(never))).toBe(5n);
    },
  );

  it('notifies other processes once that there is a manifest, and accepts their notifications', async () => {
    const folder = copyOfFixture('small-host');
    rmSync(`${folder}/manifest.json`);
    let told = 0;
    const here = openPageFolder(folder, { clock, manifestMemory: new ManifestMemory(false, () => told++) });
    const memory = new ManifestMemory();
    const there = openPageFolder(folder, { clock, manifestMemory: memory });
    await here.topology(never);
    expect(told).toBe(0);
    putFile(folder, { place: 'manifest.json', content: withRoot('5') });
    await here.topology(never);
    await here.topology(never);
    expect(told).toBe(1);
    rmSync(`${folder}/manifest.json`);
    expect(rootIn(await there.topology(never))).toBe(1n);
    memory.noteFromOther();
    expect(() => there.sync?.topology(new Set([1n]))).toThrow(gone.message);
    await expect(there.topology(never)).rejects.toMatchObject(gone);
  });

  it('fails if a new manifest is invalid, and reports why to the operator only', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    const content =
      '{"format": "hvql-pages", "version": 2, "partitions": [{"id": "5", "name": "secret-guest"}]}';
    putFile(folder, { place: 'manifest.json', content });
    await expect(source.topology(never)).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'manifest.json is not valid.',
      extensions: { code: 'PAGE_UNAVAILABLE' },
      cause: {
        message:
          'manifest.json: version needs 1, but is 2.\n' +
          "manifest.json: partitions[0].parent needs null for the root, or a partition's id, " +
          'a whole number from 1 to 18446744073709551615 in a string, but is missing.',
      },
    });
    putFile(folder, { place: 'manifest.json', content: '{"partitions": secret-guest}' });
    await expect(source.topology(never)).rejects.toMatchObject({
      message: 'manifest.json is not valid.',
      cause: { message: expect.stringMatching(/^manifest\.json is not JSON: .*secret-g/) },
    });
  });

  it('is the same object while nothing in it changes', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock });
    const first = await source.topology(never);
    putFile(folder, { place: 'lp/1/stats.page', content: 'another page' });
    putFile(folder, {
      place: 'manifest.json',
      content: `${readFileSync(`${folder}/manifest.json`, 'utf8')}\n`,
    });
    expect(await source.topology(never)).toBe(first);

    mkdirSync(`${folder}/partition/5/vp/7`);
    const second = await source.topology(never);
    expect(second.partition(5n)?.virtualProcessors).toEqual([0, 1, 2, 7]);
    expect(await source.topology(never)).toBe(second);
    putFile(folder, { place: 'manifest.json', content: '{"format": "hvql-pages", "version": 1}' });
    const third = await source.topology(never);
    expect(third.partition(5n)?.name).toBe(null);
    expect(await source.topology(never)).toBe(third);
  });

  const closings: readonly { how: string; words: string; close: (path: string) => FileSystem }[] = [
    ...[
      ['EACCES', 'permission denied'] as const,
      ['EIO', 'i/o error'] as const,
      ['ELOOP', 'too many symbolic links encountered'] as const,
    ].map(([code, words]) => ({
      how: `that fails with ${code}`,
      words: `${words} (${code})`,
      close: (path: string): FileSystem => ({
        ...systemFiles,
        statSync(asked) {
          if (asked === path) throw Object.assign(new Error(`${code}: ${path}`), { code });
          return systemFiles.statSync(asked);
        },
      }),
    })),
    {
      how: 'that is a link to itself',
      words: 'too many symbolic links encountered (ELOOP)',
      close(path) {
        rmSync(path, { recursive: true });
        symlinkSync(path, path);
        return systemFiles;
      },
    },
  ];
  it.each(closings)(
    'omits only the virtual processors of a partition with a folder $how',
    async ({ words, close }) => {
      const folder = copyOfFixture('small-host');
      const files = close(`${folder}/partition/5/vp`);
      const topology = await openPageFolder(folder, { clock, files }).topology(never);
      const { partitions, listError } = topology;
      expect(listError).toBeUndefined();
      expect(partitions.map(({ virtualProcessors }) => virtualProcessors.length)).toEqual([4, 0, 3, 1]);
      expect(partitions.map((entry) => entry.listError === undefined)).toEqual([true, false, true, true]);
      expect(topology.partition(5n)?.listError).toMatchObject({
        code: 'PAGE_UNAVAILABLE',
        message: `The folder partition/5/vp cannot be listed: ${words}.`,
        extensions: { folder: 'partition/5/vp' },
      });
      expect(topology.partition(5n)?.name).toBe('vm-1');
    },
  );

  it.each(closings)('omits only the logical processors with a folder $how', async ({ words, close }) => {
    const folder = copyOfFixture('small-host');
    const files = close(`${folder}/lp`);
    const source = openPageFolder(folder, { clock, files });
    const topology = await source.topology(never);
    expect(topology.logicalProcessors).toEqual([]);
    expect(topology.listError).toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: `The folder lp cannot be listed: ${words}.`,
    });
    expect(topology.partitions.map(({ virtualProcessors }) => virtualProcessors.length)).toEqual([
      4, 3, 3, 1,
    ]);
    expect(await source.topology(never)).toBe(topology);
  });

  it('contains a partition whose folder is a link to itself, without readable pages', async () => {
    const folder = copyOfFixture('small-host');
    rmSync(`${folder}/partition/5`, { recursive: true });
    symlinkSync(`${folder}/partition/5`, `${folder}/partition/5`);
    const source = openPageFolder(folder, { clock });
    const topology = await source.topology(never);
    expect(topology.partitions.map(({ id }) => id)).toEqual([1n, 5n, 9n, 13n]);
    expect(topology.partition(5n)).toMatchObject({
      virtualProcessors: [],
      listError: {
        message: 'The folder partition/5/vp cannot be listed: too many symbolic links encountered (ELOOP).',
      },
    });
    const { outcomes } = await source.read(namesOf(topology), never);
    expect(outcomes.filter((outcome) => outcome instanceof HvqlError)).toMatchObject([
      { message: 'partition/5/stats.page cannot be read: too many symbolic links encountered (ELOOP).' },
    ]);
  });
});

describe('opening a page folder', () => {
  function problemsOf(folder: string): readonly string[] {
    try {
      openPageFolder(folder, { clock });
    } catch (thrown) {
      if (thrown instanceof UsageError) return thrown.problems;
      throw thrown;
    }
    return [];
  }

  it('reports a missing folder', () => {
    const folder = `${scratchFolder()}/nowhere`;
    expect(problemsOf(folder)).toEqual([
      `The folder ${folder} cannot be read: no such file or directory (ENOENT).`,
    ]);
  });

  it('reports a file that is not a folder', () => {
    const folder = scratchFolder();
    putFile(folder, { place: 'file', content: '' });
    expect(problemsOf(`${folder}/file`)).toEqual([`${folder}/file is not a folder.`]);
  });

  it('reports an invalid manifest, with all its problems', () => {
    const folder = scratchFolder();
    putFile(folder, { place: 'manifest.json', content: '{"partitions": 5}' });
    expect(problemsOf(folder)).toEqual([
      `${folder}/manifest.json: format needs "hvql-pages", but is missing.`,
      `${folder}/manifest.json: version needs 1, but is missing.`,
      `${folder}/manifest.json: partitions needs a list, but is 5.`,
    ]);
  });

  it('refuses a capture, and says how to open it', () => {
    const folder = fixture('three-frames');
    expect(problemsOf(folder)).toEqual([
      `${folder}/manifest.json: it has frames, so it is a capture: use capture:<folder>.`,
    ]);
  });

  it('does not wait for a manifest that is a named pipe', () => {
    const folder = scratchFolder();
    execFileSync('mkfifo', [`${folder}/manifest.json`]);
    expect(problemsOf(folder)).toEqual([`${folder}/manifest.json cannot be read: it is not a file.`]);
  });

  it('leaves no files open', async () => {
    const folder = copyOfFixture('small-host');
    putFile(folder, { place: 'lp/1/stats.page', content: 'short' });
    let opened = 0;
    let closed = 0;
    const files: FileSystem = {
      ...systemFiles,
      openSync(path, flags) {
        const descriptor = systemFiles.openSync(path, flags);
        opened++;
        return descriptor;
      },
      closeSync(descriptor) {
        closed++;
        systemFiles.closeSync(descriptor);
      },
    };
    const source = openPageFolder(folder, { clock, files });
    await source.topology(never);
    await source.read([processor(0), processor(1), processor(77)], never);
    expect([opened, closed]).toEqual([4, 4]);
  });
});

describe('a page folder of a newer release', () => {
  const standby = counterNamed('HYPERVISOR', 'modernStandbyEntries');
  const read = async (source: Source): Promise<bigint | undefined> => {
    const [outcome] = (await source.read([hypervisorName], never)).outcomes;
    if (outcome === undefined || outcome instanceof HvqlError) throw outcome ?? new Error('no outcome');
    return outcome.value(standby);
  };
  const place = 'stats.page';

  it('is recognised by the minor version in its pages, despite the setting', async () => {
    const folder = copyOfFixture('small-host');
    expect(await read(openPageFolder(folder, { clock }))).toBeUndefined();
    const content = encodeRelease({ object: 'HYPERVISOR', release: 2026 }, ({ slot }) => BigInt(slot));
    putFile(folder, { place, content });
    expect(await read(openPageFolder(folder, { clock }))).toBe(5n);
  });

  it('is recognised by the setting if its pages have no minor version', async () => {
    const folder = copyOfFixture('small-host');
    const values = Array.from({ length: 8 }, (_, n) => BigInt(n + 1));
    putFile(folder, { place, content: encodePage([{ type: 2, versionMajor: 1, versionMinor: 0, values }]) });
    expect(await read(openPageFolder(folder, { clock }))).toBeUndefined();
    const told = openPageFolder(folder, { clock, release: 2026 });
    expect(told.description).toBe(`pages:${folder}?release=2026`);
    expect(await read(told)).toBe(6n);
  });
});
