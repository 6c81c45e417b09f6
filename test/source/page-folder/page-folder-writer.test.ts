import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HvqlError, UsageError } from '../../../src/errors.ts';
import { encodeCounters } from '../../../src/page/encode.ts';
import { topologyOf, type PartitionEntry } from '../../../src/snapshot/topology.ts';
import { takeSnapshot, namesOf, type HostSnapshot } from '../../../src/source/host-snapshot.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { pageFolderWriter } from '../../../src/source/page-folder/page-folder-writer.ts';
import { expectedOf, expectValues } from '../expected-values.ts';
import { textOf } from '../snapshot-text.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, filesBelow, fixture, putFile, scratchFolder } from '../scratch.ts';

const clock = new ManualClock();
const never = new AbortController().signal;
const root: PartitionEntry = { id: 1n, parent: null, name: 'root', virtualProcessors: [0] };
const guest = (id: bigint, virtualProcessors = [0, 1]): PartitionEntry => ({
  id,
  parent: 1n,
  name: `guest-${id}`,
  virtualProcessors,
});

/** A snapshot of a host with these partitions, whose counters are all the same number. */
function snapshotOf(partitions: readonly PartitionEntry[], value = 7n): HostSnapshot {
  const topology = topologyOf([0, 1], partitions);
  const pages = namesOf(topology).map((name) => ({ name, bytes: encodeCounters(name.object, () => value) }));
  return { at: clock.now(), topology, pages, pageless: [], failures: [] };
}

async function expectSnapshot(folder: string, snapshot: HostSnapshot): Promise<void> {
  expect(textOf(await takeSnapshot(openPageFolder(folder, { clock }), never))).toEqual(textOf(snapshot));
}

describe('a page folder writer', () => {
  it('writes the snapshot, byte for byte', async () => {
    const from = openPageFolder(fixture('small-host'), { clock });
    const folder = `${scratchFolder()}/pages`;
    pageFolderWriter(folder).write(await takeSnapshot(from, never));
    await expectValues(openPageFolder(folder, { clock }), expectedOf('small-host'));
    const pages = [...filesBelow(fixture('small-host'))].filter(([place]) => place !== 'manifest.json');
    for (const [place, bytes] of pages) expect(readFileSync(`${folder}/${place}`).equals(bytes)).toBe(true);
  });

  it('adds new and removes old objects, and keeps nothing else', async () => {
    const folder = scratchFolder();
    const writer = pageFolderWriter(folder);
    const snapshots = [
      snapshotOf([root, guest(2n), guest(3n)]),
      snapshotOf([root, guest(3n, [0, 1, 2]), guest(4n)], 8n),
      snapshotOf([root, guest(3n, [1]), guest(5n)], 9n),
      snapshotOf([root], 10n),
    ];
    for (const snapshot of snapshots) {
      writer.write(snapshot);
      await expectSnapshot(folder, snapshot);
      expect([...filesBelow(folder).keys()]).toHaveLength(snapshot.pages.length + 1);
      expect(
        readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('.new')),
      ).toEqual([]);
    }
  });

  it('removes a partition before the manifest omits it, in case it is interrupted', () => {
    const folder = scratchFolder();
    const writer = pageFolderWriter(folder);
    writer.write(snapshotOf([root, guest(2n)]));
    mkdirSync(`${folder}/.new-manifest.json`);
    expect(() => writer.write(snapshotOf([root]))).toThrow('EISDIR');
    expect(readdirSync(`${folder}/partition`)).toEqual(['1']);
    expect(readFileSync(`${folder}/manifest.json`, 'utf8')).toContain('guest-2');
  });

  it('adds a partition to the manifest before its folder appears, in case it is interrupted', () => {
    const folder = scratchFolder();
    const writer = pageFolderWriter(folder);
    writer.write(snapshotOf([root]));
    putFile(folder, { place: 'partition/.new-2', content: 'in the way' });
    expect(() => writer.write(snapshotOf([root, guest(2n)]))).toThrow('EEXIST');
    expect(existsSync(`${folder}/partition/2`)).toBe(false);
    expect(readFileSync(`${folder}/manifest.json`, 'utf8')).toContain('guest-2');
  });

  it('keeps the last page of an object that is missing from the snapshot', async () => {
    const folder = scratchFolder();
    const writer = pageFolderWriter(folder);
    const before = snapshotOf([root, guest(2n)]);
    writer.write(before);
    const { pages, ...snapshot } = snapshotOf([root, guest(2n)], 8n);
    const failure = new HvqlError('PAGE_UNAVAILABLE', 'too slow');
    writer.write({
      ...snapshot,
      pages: pages.filter(({ name }) => name.object !== 'PARTITION'),
      failures: [failure],
    });
    const stats = (key: string) => readFileSync(`${folder}/${key}/stats.page`);
    expect(stats('partition/2').equals(encodeCounters('PARTITION', () => 7n))).toBe(true);
    expect(stats('partition/2/vp/0').equals(encodeCounters('VIRTUAL_PROCESSOR', () => 8n))).toBe(true);
  });
});

describe('reusing a page folder', () => {
  it('removes objects that no longer exist, and incomplete files', async () => {
    const folder = copyOfFixture('small-host');
    putFile(folder, { place: 'partition/.new-77/stats.page', content: 'half' });
    putFile(folder, { place: 'partition/5/vp/.gone-3/stats.page', content: 'old' });
    putFile(folder, { place: '.new-manifest.json', content: '{' });
    mkdirSync(`${folder}/lp/9`);
    const snapshot = snapshotOf([root, guest(5n, [0, 1, 2]), guest(20n)]);
    pageFolderWriter(folder).write(snapshot);
    await expectSnapshot(folder, snapshot);
    expect(existsSync(`${folder}/partition/13`)).toBe(false);
    expect([...filesBelow(folder).keys()]).toHaveLength(snapshot.pages.length + 1);
  });

  it.each([
    [
      'a folder with something else in it',
      (folder: string) => putFile(folder, { place: 'thesis.doc', content: '' }),
      (folder: string) =>
        `The folder ${folder} needs to be empty or a page folder with a manifest.json, but holds thesis.doc.`,
    ],
    [
      'a folder with another manifest',
      (folder: string) => putFile(folder, { place: 'manifest.json', content: '{"version": 1}' }),
      (folder: string) => `${folder}/manifest.json: format needs "hvql-pages", but is missing.`,
    ],
    [
      'a capture',
      (folder: string) => {
        for (const [place, content] of filesBelow(fixture('three-frames')))
          putFile(folder, { place, content });
      },
      (folder: string) => `The folder ${folder} holds a capture, not live pages.`,
    ],
  ])('refuses %s, and changes nothing', (_title, fill, problem) => {
    const folder = scratchFolder();
    fill(folder);
    putFile(folder, { place: '.new-thesis/draft.doc', content: 'precious' });
    const before = filesBelow(folder);
    expect(() => pageFolderWriter(folder)).toThrow(new UsageError([problem(folder)]));
    expect(filesBelow(folder)).toEqual(before);
  });

  it('refuses a file, and a folder whose parent does not exist', () => {
    const folder = scratchFolder();
    putFile(folder, { place: 'file', content: '' });
    symlinkSync(`${folder}/nowhere`, `${folder}/link`);
    expect(() => pageFolderWriter(`${folder}/file`)).toThrow(
      `The folder ${folder}/file cannot be written: not a directory (ENOTDIR).`,
    );
    expect(() => pageFolderWriter(`${folder}/a/b`)).toThrow(
      `The folder ${folder}/a/b cannot be written: no such file or directory (ENOENT).`,
    );
  });
});
