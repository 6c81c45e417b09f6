/** Pages and folders that stay open from one request to the next: changes to them are still noticed. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import { confineFiles } from '../../../src/source/page-folder/confined-files.ts';
import {
  readWithoutWaiting,
  systemFiles,
  type FileSystem,
} from '../../../src/source/page-folder/file-system.ts';
import { keepOpen } from '../../../src/source/page-folder/kept-open.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, scratchFolder } from '../scratch.ts';

const never = new AbortController().signal;
const names: readonly ObjectName[] = [
  { object: 'LOGICAL_PROCESSOR', index: 0 },
  { object: 'LOGICAL_PROCESSOR', index: 1 },
  { object: 'VIRTUAL_PROCESSOR', partitionId: 9n, index: 0 },
];
const lists = new Set([9n]);

afterEach(() => void vi.useRealTimers());

/** The files of this machine, counted; what was written just now counts as written seconds ago. */
function countedFiles({ isLocal = true } = {}) {
  const open = new Set<number>();
  const opened: string[] = [];
  const stated: string[] = [];
  const time = { now: Date.now() + 5_000 };
  const files: FileSystem = {
    ...systemFiles,
    isLocalSync: () => isLocal,
    now: () => time.now,
    openSync(path, flags) {
      const descriptor = systemFiles.openSync(path, flags);
      opened.push(path);
      open.add(descriptor);
      return descriptor;
    },
    closeSync(descriptor) {
      expect(open.delete(descriptor)).toBe(true);
      systemFiles.closeSync(descriptor);
    },
    statSync(path) {
      stated.push(path);
      return systemFiles.statSync(path);
    },
  };
  return { files, open, opened, stated, time };
}

/** A source over a folder, and a function that lists its objects and reads three pages. */
function asked(folder = copyOfFixture('small-host'), options: { isLocal?: boolean } = {}) {
  const counted = countedFiles(options);
  const source = openPageFolder(folder, { clock: new ManualClock(), files: counted.files });
  onTestFinished(() => source.close());
  const ask = (): (Buffer | string)[] => {
    source.sync?.topology(lists);
    return (source.sync?.read(names)?.outcomes ?? []).map((outcome) =>
      outcome instanceof HvqlError ? outcome.message : Buffer.from(outcome.page?.bytes ?? []),
    );
  };
  const page = (place: string): string => join(folder, place, 'stats.page');
  const bytesAt = (...places: string[]): Buffer[] => places.map((place) => readFileSync(page(place)));
  return { ...counted, source, folder, ask, page, bytesAt };
}

/** The same after three requests, when all requested files are open. */
function keptOpen(...args: Parameters<typeof asked>) {
  const at = asked(...args);
  for (let n = 0; n < 3; n++) at.ask();
  expect(at.open.size).toBe(6);
  return at;
}

const places = ['lp/0', 'lp/1', 'partition/9/vp/0'];

describe('pages and folders that are requested frequently', () => {
  it('are found by their path twice, and then stay open', () => {
    const { ask, opened, stated, bytesAt, folder } = keptOpen();
    opened.length = 0;
    stated.length = 0;
    for (let n = 0; n < 5; n++) expect(ask()).toEqual(bytesAt(...places));
    expect(opened).toEqual([]);
    expect(new Set(stated)).toEqual(new Set([folder, join(folder, 'manifest.json')]));
  });

  it('are opened again after a second, and each time if requests are rarer than ten per second', () => {
    const { ask, opened, open, time } = keptOpen();
    opened.length = 0;
    time.now += 1_001;
    ask();
    expect(opened.length).toBe(6);
    ask();
    expect(open.size).toBe(6);
    time.now += 1_001;
    ask();
    opened.length = 0;
    for (let n = 0; n < 4; n++) {
      time.now += 500;
      ask();
    }
    expect(opened.length).toBeGreaterThanOrEqual(12);
  });

  it('are closed after a while without requests, and when the source is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const { open, time } = keptOpen();
    time.now += 1_100;
    vi.advanceTimersByTime(1_000);
    expect(open.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    const other = keptOpen();
    await other.source.close();
    expect(other.open.size).toBe(0);
  });

  it('do not stay open on a remote file system', () => {
    const { ask, open } = asked(undefined, { isLocal: false });
    for (let n = 0; n < 3; n++) ask();
    expect(open.size).toBe(0);
  });

  it('stay open up to a maximum number; others are opened each time', () => {
    const folder = copyOfFixture('small-host');
    const { files, open, opened } = countedFiles();
    const confined = confineFiles(folder, files);
    confined.hasLinkedFolders = false;
    const kept = keepOpen(folder, { files: confined, most: 2 });
    kept.noteFolder(files.statSync(folder));
    for (let n = 0; n < 4; n++)
      for (const index of [0, 1, 2])
        kept.closeSync(kept.openSync(join(folder, `lp/${index}/stats.page`), readWithoutWaiting));
    expect(open.size).toBe(2);
    expect(opened.filter((path) => path.endsWith('lp/2/stats.page'))).toHaveLength(4);
    kept.close();
    expect(open.size).toBe(0);
  });
});

describe('a page that stays open', () => {
  it('is read again after it was written in place', () => {
    const { ask, page, bytesAt } = keptOpen();
    writeFileSync(page('lp/0'), readFileSync(page('lp/1')));
    expect(ask()).toEqual(bytesAt('lp/1', 'lp/1', 'partition/9/vp/0'));
  });

  it('is read from another file that has replaced it', () => {
    const { ask, page, bytesAt, open } = keptOpen();
    copyFileSync(page('lp/1'), `${page('lp/0')}.new`);
    renameSync(`${page('lp/0')}.new`, page('lp/0'));
    expect(ask()).toEqual(bytesAt('lp/1', 'lp/1', 'partition/9/vp/0'));
    expect(open.size).toBe(6);
  });

  it('is rejected after it was written partially', () => {
    const { ask, page } = keptOpen();
    truncateSync(page('lp/0'), 2_000);
    expect(ask()[0]).toMatch(/4096 bytes, but there are 2000/);
  });

  it.each([
    ['removed', (path: string) => rmSync(path)],
    ['renamed', (path: string) => renameSync(path, `${path}.old`)],
    ['removed with its folder', (path: string) => rmSync(join(path, '..'), { recursive: true })],
  ])('is missing after it was %s', (_, change) => {
    const { ask, page, bytesAt } = keptOpen();
    change(page('lp/0'));
    expect(ask()).toEqual(['lp/0/stats.page is not there.', ...bytesAt('lp/1', 'partition/9/vp/0')]);
  });

  it('is rejected after a folder, or a link that leads out of the page folder, has replaced it', () => {
    const { ask, page, bytesAt } = keptOpen();
    rmSync(page('lp/0'));
    mkdirSync(page('lp/0'));
    rmSync(page('lp/1'));
    const outside = join(scratchFolder(), 'stats.page');
    copyFileSync(page('partition/9/vp/0'), outside);
    symlinkSync(outside, page('lp/1'));
    for (let n = 0; n < 3; n++)
      expect(ask()).toEqual([
        'lp/0/stats.page is a folder, not a file.',
        expect.stringMatching(/^lp\/1\/stats\.page cannot be read: .* leads out/),
        ...bytesAt('partition/9/vp/0'),
      ]);
  });
});

describe('a parent folder of pages that stay open', () => {
  /** Puts a folder with the page of another object in the place of this one. */
  function exchange(path: string, other: string): void {
    cpSync(other, `${path}.new`, { recursive: true });
    renameSync(path, `${path}.old`);
    renameSync(`${path}.new`, path);
  }

  it.each([
    ['lp/0', 'lp/1', 0],
    ['lp', 'lp.other', 0],
    ['partition/9/vp/0', 'partition/9/vp/1', 2],
    ['partition/9/vp', 'partition/9/vp.other', 2],
    ['partition/9', 'partition/9.other', 2],
  ])('is opened again after another one has replaced it: %s', (place, other, number) => {
    const folder = copyOfFixture('small-host');
    // With other pages in it.
    if (other.endsWith('.other')) {
      cpSync(join(folder, place), join(folder, other), { recursive: true });
      const changed = join(folder, other, places[number]?.slice(place.length) ?? '', 'stats.page');
      copyFileSync(join(folder, number === 0 ? 'lp/1' : 'partition/9/vp/1', 'stats.page'), changed);
    }
    const { ask, bytesAt } = keptOpen(folder);
    const before = ask()[number];
    exchange(join(folder, place), join(folder, other));
    const after = ask()[number];
    expect(after).not.toEqual(before);
    expect(after).toEqual(bytesAt(places[number] ?? '')[0]);
  });

  it('is opened again after another page folder has replaced it, and is missing without replacement', () => {
    const folder = join(scratchFolder(), 'pages');
    cpSync(copyOfFixture('small-host'), folder, { recursive: true });
    const { ask, page, bytesAt } = keptOpen(folder);
    cpSync(folder, `${folder}.new`, { recursive: true });
    copyFileSync(page('lp/1'), join(`${folder}.new`, 'lp/0/stats.page'));
    renameSync(folder, `${folder}.old`);
    expect(ask).toThrow('The page folder is not there.');
    renameSync(`${folder}.new`, folder);
    expect(ask()).toEqual(bytesAt('lp/1', 'lp/1', 'partition/9/vp/0'));
  });

  it('is rejected after a link that leads out of the page folder has replaced it', () => {
    const { ask, folder, bytesAt } = keptOpen();
    const outside = scratchFolder();
    cpSync(join(folder, 'lp/1'), join(outside, '0'), { recursive: true });
    rmSync(join(folder, 'lp/0'), { recursive: true });
    symlinkSync(join(outside, '0'), join(folder, 'lp/0'));
    expect(ask()).toEqual([
      expect.stringMatching(/cannot be read: .* leads out/),
      ...bytesAt('lp/1', 'partition/9/vp/0'),
    ]);
  });

  it('is listed again after an object was added or removed', async () => {
    const { source, ask, folder } = keptOpen();
    cpSync(join(folder, 'partition/9/vp/0'), join(folder, 'partition/9/vp/7'), { recursive: true });
    expect(source.sync?.topology(lists)?.partition(9n)?.virtualProcessors).toContain(7);
    rmSync(join(folder, 'partition/9/vp/7'), { recursive: true });
    ask();
    expect((await source.topology(never, lists)).partition(9n)?.virtualProcessors).not.toContain(7);
  });
});
