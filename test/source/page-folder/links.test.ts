/** Symbolic links in page folders and captures: to another place within they are followed, out of them never. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HvqlError, UsageError } from '../../../src/errors.ts';
import { objectKey } from '../../../src/snapshot/object-name.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { openCapture } from '../../../src/source/capture/capture.ts';
import { namesOf } from '../../../src/source/host-snapshot.ts';
import { systemFiles, type FileSystem } from '../../../src/source/page-folder/file-system.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { pageFolderWriter } from '../../../src/source/page-folder/page-folder-writer.ts';
import type { Source } from '../../../src/source/source.ts';
import { copyOfFixture, filesBelow, scratchFolder } from '../scratch.ts';

const never = new AbortController().signal;

/** What a source gives of each object, by its key: a reading, or the message of its error. Lists that fail have theirs. */
async function everything(source: Source): Promise<Map<string, unknown>> {
  const topology = await source.topology(never);
  const names = namesOf(topology);
  const { outcomes } = await source.read(names, never);
  const found = new Map<string, unknown>(
    names.map((name, n) => {
      const outcome = outcomes[n];
      return [objectKey(name), outcome instanceof HvqlError ? outcome.message : bytesOf(outcome)];
    }),
  );
  if (topology.listError !== undefined) found.set('lp', topology.listError.message);
  for (const { id, listError } of topology.partitions)
    if (listError !== undefined) found.set(`partition/${id}/vp`, listError.message);
  return found;
}

function bytesOf(outcome: unknown): string {
  if (typeof outcome === 'object' && outcome !== null && 'page' in outcome) {
    const { bytes } = outcome.page as { readonly bytes: Uint8Array };
    return Buffer.from(bytes).toString('base64');
  }
  throw new TypeError('not a page');
}

/** Moves what is at a place to another one, and leaves a link to it. */
function moveAway(path: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  renameSync(path, target);
  symlinkSync(target, path);
}

/** The files of the machine, and the real paths of all that is opened or listed. */
function recordingFiles(): { readonly files: FileSystem; readonly opened: string[] } {
  const opened: string[] = [];
  const note = (path: string): void => void opened.push(realpathSync(path));
  return {
    opened,
    files: {
      ...systemFiles,
      openSync(path, flags) {
        const descriptor = systemFiles.openSync(path, flags);
        note(path);
        return descriptor;
      },
      readdirSync(path) {
        note(path);
        return systemFiles.readdirSync(path);
      },
    },
  };
}

const kinds = [
  {
    title: 'a page folder',
    fixture: 'small-host',
    top: '',
    open: (path: string, files: FileSystem): Promise<Source> =>
      Promise.resolve(openPageFolder(path, { clock: systemClock, files })),
  },
  {
    title: 'a capture in a folder',
    fixture: 'three-frames',
    top: 'frames/000000/',
    open: (path: string, files: FileSystem): Promise<Source> =>
      openCapture({ path, isLoop: false, standStillAt: 0 }, { clock: systemClock, files }),
  },
];

/** Places in a tree, and the keys of objects and lists that are behind each. */
const places: readonly (readonly [place: string, isBehind: (key: string) => boolean])[] = [
  ['stats.page', (key) => key === ''],
  ['lp/0/stats.page', (key) => key === 'lp/0'],
  ['lp/0', (key) => key === 'lp/0'],
  ['lp', (key) => key.startsWith('lp')],
  ['partition/5/stats.page', (key) => key === 'partition/5'],
  ['partition/5/vp/0', (key) => key === 'partition/5/vp/0'],
  ['partition/5/vp', (key) => key.startsWith('partition/5/vp')],
  ['partition/5', (key) => key.startsWith('partition/5')],
];

describe.each(kinds)('in $title,', ({ fixture, top, open }) => {
  it.each(places)(
    'a link at %s that leads out is rejected by name, and nothing behind it is opened',
    async (place, isBehind) => {
      const folder = copyOfFixture(fixture);
      const outside = scratchFolder();
      const before = await everything(await open(folder, systemFiles));
      moveAway(join(folder, top, place), join(outside, 'target'));
      const { files, opened } = recordingFiles();
      const source = await open(folder, files);
      const after = await everything(source);
      const refused = `the symbolic link ${top}${place} leads out of the folder (EXDEV).`;
      const failed = Array.from(after).filter(([key]) => isBehind(key));
      expect(failed.length).toBeGreaterThan(0);
      for (const [, message] of failed) expect(message).toContain(refused);
      for (const [key, found] of after) if (!isBehind(key)) expect(found).toBe(before.get(key));
      expect(opened.filter((path) => path.startsWith(realpathSync(outside)))).toEqual([]);
      expect(opened.length).toBeGreaterThan(0);
    },
  );

  it.each(places)('a link at %s to another place in the folder is followed', async (place) => {
    const folder = copyOfFixture(fixture);
    const before = await everything(await open(folder, systemFiles));
    moveAway(join(folder, top, place), join(folder, 'elsewhere/target'));
    expect(await everything(await open(folder, systemFiles))).toEqual(before);
  });

  it('the manifest may be a link within the folder, but not a link that leads out', async () => {
    const folder = copyOfFixture(fixture);
    const before = await everything(await open(folder, systemFiles));
    moveAway(join(folder, 'manifest.json'), join(folder, '..data/manifest.json'));
    expect(await everything(await open(folder, systemFiles))).toEqual(before);
    moveAway(join(folder, '..data/manifest.json'), join(scratchFolder(), 'manifest.json'));
    await expect((async () => open(folder, systemFiles))()).rejects.toThrow(
      new UsageError([
        `${folder}/manifest.json cannot be read: the symbolic link manifest.json leads out of the folder (EXDEV).`,
      ]),
    );
  });

  it('the path of the folder itself may be a link', async () => {
    const folder = copyOfFixture(fixture);
    const before = await everything(await open(folder, systemFiles));
    const link = join(scratchFolder(), 'link');
    symlinkSync(folder, link);
    expect(await everything(await open(link, systemFiles))).toEqual(before);
    expect(await everything(await open(`${link}/`, systemFiles))).toEqual(before);
  });

  it('a link to any other file, folder or device of the machine is not opened', async () => {
    for (const target of [
      '/dev/zero',
      '/proc/self/mem',
      '/etc/passwd',
      `${'../'.repeat(20)}etc/passwd`,
      '/',
    ]) {
      const folder = copyOfFixture(fixture);
      const path = join(folder, top, 'lp/0/stats.page');
      rmSync(path);
      symlinkSync(target, path);
      const { files, opened } = recordingFiles();
      const found = await everything(await open(folder, files));
      expect(found.get('lp/0')).toContain(
        `cannot be read: the symbolic link ${top}lp/0/stats.page leads out of the folder`,
      );
      expect(opened.filter((opening) => !opening.startsWith(realpathSync(folder)))).toEqual([]);
    }
  });
});

describe('in a page folder that is being read,', () => {
  it.each(places)(
    'a link that appears at %s later is rejected, and the original is read once it is back',
    async (place, isBehind) => {
      const folder = copyOfFixture('small-host');
      const source = openPageFolder(folder, { clock: systemClock });
      const before = await everything(source);
      const outside = join(scratchFolder(), 'target');
      moveAway(join(folder, place), outside);
      const after = await everything(source);
      for (const [key, found] of after)
        if (isBehind(key)) expect(found).toContain(`the symbolic link ${place} leads out of the folder`);
        else expect(found).toBe(before.get(key));
      rmSync(join(folder, place));
      renameSync(outside, join(folder, place));
      expect(await everything(source)).toEqual(before);
    },
  );

  it('pages are opened without resolving their paths once the folder is known to have no links', async () => {
    const folder = copyOfFixture('small-host');
    let resolved = 0;
    const files: FileSystem = {
      ...systemFiles,
      realpathSync(path) {
        resolved += 1;
        return systemFiles.realpathSync(path);
      },
    };
    const source = openPageFolder(folder, { clock: systemClock, files });
    const topology = await source.topology(never);
    expect(resolved).toBeGreaterThan(0);
    resolved = 0;
    const { outcomes } = await source.read(namesOf(topology), never);
    expect(outcomes.some((outcome) => outcome instanceof HvqlError)).toBe(false);
    expect(resolved).toBe(0);
  });
});

describe('a page folder that a command writes to', () => {
  it.each(['lp', 'partition', 'partition/5', 'partition/5/vp', 'partition/5/vp/0'])(
    'is refused if it has a link at %s, and nothing behind the link changes',
    (place) => {
      for (const target of [join(scratchFolder(), 'target'), null]) {
        const folder = copyOfFixture('small-host');
        const real = target ?? join(folder, 'elsewhere');
        moveAway(join(folder, place), real);
        writeFileSync(join(real, '.new-thesis'), 'precious');
        const before = filesBelow(real);
        expect(() => pageFolderWriter(folder)).toThrow(UsageError);
        expect(() => pageFolderWriter(folder)).toThrow(/symbolic link/);
        expect(filesBelow(real)).toEqual(before);
      }
    },
  );
});

describe('in a capture in a tar,', () => {
  /** A tar of the fixture in which this place is a link to where its content went. */
  function packLinked(place: string, pack: readonly string[] = []): string {
    const folder = copyOfFixture('three-frames');
    moveAway(join(folder, place), join(folder, 'elsewhere/target'));
    const tar = join(scratchFolder(), 'packed.tar');
    execFileSync('tar', ['-cf', tar, ...pack, '-C', folder, '.']);
    return tar;
  }
  const open = (path: string): Promise<Source> =>
    openCapture({ path, isLoop: false, standStillAt: 0 }, { clock: systemClock });

  it.each(places)('a link at %s is rejected by name', async (place, isBehind) => {
    const after = await everything(await open(packLinked(`frames/000000/${place}`)));
    const failed = Array.from(after).filter(([key]) => isBehind(key));
    expect(failed.length).toBeGreaterThan(0);
    for (const [, message] of failed)
      expect(message).toBe(
        `frames/000000/${place} is a link, which is not followed in an archive: pack with --dereference --hard-dereference.`,
      );
  });

  it.each(['manifest.json', 'frames', 'frames/000001'])(
    'a link at %s makes the capture fail to open',
    async (place) => {
      await expect(open(packLinked(place))).rejects.toThrow(`${place} is a link, which is not followed`);
    },
  );

  it('a hard link is rejected by name as well', async () => {
    const folder = copyOfFixture('three-frames');
    const path = join(folder, 'frames/000000/lp/1/stats.page');
    rmSync(path);
    execFileSync('ln', [join(folder, 'frames/000000/lp/0/stats.page'), path]);
    const tar = join(scratchFolder(), 'packed.tar');
    execFileSync('tar', ['-cf', tar, '--sort=name', '-C', folder, '.']);
    expect((await everything(await open(tar))).get('lp/1')).toMatch(
      /^frames\/000000\/lp\/1\/stats\.page is a link/,
    );
  });

  it('there is no link after the folder was packed as the message says', async () => {
    const plain = join(scratchFolder(), 'plain');
    cpSync(copyOfFixture('three-frames'), plain, { recursive: true });
    const before = await everything(await open(plain));
    const tar = packLinked('frames/000000/partition/5', ['--dereference', '--hard-dereference']);
    expect(await everything(await open(tar))).toEqual(before);
  });
});
