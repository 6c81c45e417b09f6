import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { counterNamed } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { encodeCounters } from '../../../src/page/encode.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import { captureWriter } from '../../../src/source/capture/capture-writer.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import { systemFiles } from '../../../src/source/page-folder/file-system.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { remoteSource } from '../../../src/source/ipc/remote-source.ts';
import { serveSource } from '../../../src/source/ipc/source-server.ts';
import { openSource } from '../../../src/source/sources.ts';
import type { Source } from '../../../src/source/source.ts';
import { packTar } from '../capture/pack-tar.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, filesBelow, putFile, scratchFolder } from '../scratch.ts';
import { openChannel } from '../ipc/channel.ts';

const never = new AbortController().signal;
const partition = { object: 'PARTITION', partitionId: 5n } as const;
const processor = { object: 'VIRTUAL_PROCESSOR', partitionId: 5n, index: 0 } as const;
const asSelf = <Name extends ObjectName>(name: Name) => ({ ...name, area: 'SELF' }) as const;

/** A page in which every counter has this number. */
function pageOf({ object }: ObjectName, number: bigint): Uint8Array {
  return encodeCounters(object, () => number);
}

/** A folder in which partition 5 and its virtual processor 0 have pages of both areas. */
function folderWithAreas(): string {
  const folder = copyOfFixture('small-host');
  for (const [name, place] of [
    [partition, 'partition/5'],
    [processor, 'partition/5/vp/0'],
  ] as const) {
    putFile(folder, { place: `${place}/stats.page`, content: pageOf(name, 2n) });
    putFile(folder, { place: `${place}/stats.self.page`, content: pageOf(name, 1n) });
  }
  return folder;
}

const counters = {
  PARTITION: counterNamed('PARTITION', 'virtualProcessors'),
  VIRTUAL_PROCESSOR: counterNamed('VIRTUAL_PROCESSOR', 'hypercalls'),
};

/** What was read of each: the area and the number, or the message. */
async function seen(source: Source, ...names: (typeof partition | typeof processor)[]): Promise<string[]> {
  const { outcomes } = await source.read(names, never);
  return outcomes.map((outcome, n) => {
    if (outcome instanceof HvqlError) return outcome.message;
    return `${outcome.page?.area} ${outcome.value(counters[(names[n] ?? partition).object])}`;
  });
}

const kinds: Record<string, (folder: string) => Promise<Source>> = {
  'a page folder': (folder) => openSource(`pages:${folder}`, { clock: new ManualClock() }),
  'a capture in a folder': async (folder) =>
    openSource(`capture:${await captureOf(folder)}`, { clock: new ManualClock() }),
  'a capture in a tar': async (folder) =>
    openSource(`capture:${await packTar(await captureOf(folder))}`, { clock: new ManualClock() }),
  'a page folder that another process reads': async (folder) => {
    const { owner, client } = await openChannel();
    const source = await openSource(`pages:${folder}`, { clock: new ManualClock() });
    serveSource(source, owner);
    return remoteSource(client, source);
  },
};

/** A capture with this tree as its only frame. */
async function captureOf(folder: string): Promise<string> {
  const out = scratchFolder();
  for (const [place, content] of filesBelow(folder)) {
    if (place !== 'manifest.json') putFile(out, { place: `frames/0/${place}`, content });
  }
  const manifest = JSON.parse(filesBelow(folder).get('manifest.json')?.toString() ?? '{}');
  const frames = [{ name: '0', at: '2026-11-20T10:00:00.000Z', monotonic: '0' }];
  putFile(out, { place: 'manifest.json', content: JSON.stringify({ ...manifest, frames }) });
  return out;
}

describe('a page that moves to the file of the other area, with the same bytes', () => {
  it('belongs to that area', async () => {
    const folder = copyOfFixture('small-host');
    const source = await openSource(`pages:${folder}`, { clock: new ManualClock() });
    const [own, parents] = ['stats.self.page', 'stats.page'].map((file) => `partition/5/${file}`);
    for (const [place = '', other = '', area] of [
      [own, parents, 'SELF'],
      [parents, own, 'PARENT'],
      [own, parents, 'SELF'],
    ] as const) {
      rmSync(join(folder, other), { force: true });
      putFile(folder, { place, content: pageOf(partition, 3n) });
      expect(await seen(source, partition)).toEqual([`${area} 3`]);
      expect(await seen(source, partition)).toEqual([`${area} 3`]);
    }
  });
});

describe.each(Object.entries(kinds))('the areas of %s', (_kind, open) => {
  async function withSource<T>(folder: string, use: (source: Source) => Promise<T>): Promise<T> {
    const source = await open(folder);
    try {
      return await use(source);
    } finally {
      await source.close();
    }
  }

  it('are SELF for object names of that area, and PARENT for all others', async () => {
    await withSource(folderWithAreas(), async (source) => {
      const names = [asSelf(partition), partition, processor, asSelf(processor)];
      expect(await seen(source, ...names)).toEqual(['SELF 1', 'PARENT 2', 'PARENT 2', 'SELF 1']);
    });
  });

  it('are both read from the only page of an object that has one', async () => {
    const folder = folderWithAreas();
    rmSync(join(folder, 'partition/5/stats.self.page'));
    rmSync(join(folder, 'partition/5/vp/0/stats.page'));
    await withSource(folder, async (source) => {
      const names = [asSelf(partition), partition, processor, asSelf(processor)];
      expect(await seen(source, ...names)).toEqual(['PARENT 2', 'PARENT 2', 'SELF 1', 'SELF 1']);
    });
  });

  it('do not replace each other if the page of one of them is broken', async () => {
    const folder = folderWithAreas();
    putFile(folder, { place: 'partition/5/stats.self.page', content: 'short' });
    putFile(folder, { place: 'partition/5/vp/0/stats.page', content: 'short' });
    await withSource(folder, async (source) => {
      const [self, parent, ofParent, ofSelf] = await seen(
        source,
        asSelf(partition),
        partition,
        processor,
        asSelf(processor),
      );
      expect(self).toContain('partition/5/stats.self.page is not a statistics page');
      expect([parent, ofSelf]).toEqual(['PARENT 2', 'SELF 1']);
      expect(ofParent).toContain('partition/5/vp/0/stats.page is not a statistics page');
    });
  });

  it('are reported missing under one file name if an object has no page', async () => {
    const folder = folderWithAreas();
    for (const name of ['stats.page', 'stats.self.page']) rmSync(join(folder, 'partition/5', name));
    await withSource(folder, async (source) => {
      for (const message of await seen(source, partition, asSelf(partition))) {
        expect(message).toMatch(/partition\/5\/stats\.page is not there/);
      }
    });
  });

  it('are listed by the source, only PARENT if all objects have only that', async () => {
    const areasOf = (folder: string) =>
      withSource(folder, async (source) => {
        await source.topology(never);
        return source.areas;
      });
    expect(await areasOf(folderWithAreas())).toEqual(['SELF', 'PARENT']);
    expect(await areasOf(copyOfFixture('small-host'))).toEqual(['PARENT']);
    const one = folderWithAreas();
    rmSync(join(one, 'partition/5/stats.self.page'));
    expect(await areasOf(one)).toEqual(['SELF', 'PARENT']);
  });

  it('are both recorded, each as its own page', async () => {
    const folder = folderWithAreas();
    rmSync(join(folder, 'partition/5/vp/0/stats.page'));
    const out = join(scratchFolder(), 'recorded');
    await withSource(folder, async (source) => {
      // Which areas there are is known once something was answered.
      await source.topology(never);
      const snapshot = await takeSnapshot(source, never);
      expect(snapshot.failures).toEqual([]);
      const writer = await captureWriter(out);
      await writer.writeFrame(snapshot);
      await writer.finish();
    });
    const pagesBelow = (root: string) =>
      new Map([...filesBelow(root)].filter(([place]) => place !== 'manifest.json'));
    expect(pagesBelow(join(out, 'frames/000000'))).toEqual(pagesBelow(folder));
  });
});

describe('the areas of a page folder', () => {
  it('are searched for again after two seconds', async () => {
    const folder = copyOfFixture('small-host');
    let milliseconds = 0;
    let asked = 0;
    const source = openPageFolder(folder, {
      clock: new ManualClock(),
      files: {
        ...systemFiles,
        now: () => milliseconds,
        isThereSync(path) {
          asked++;
          return systemFiles.isThereSync(path);
        },
      },
    });
    expect(source.areas).toEqual(['PARENT']);
    putFile(folder, { place: 'partition/5/stats.self.page', content: pageOf(partition, 1n) });
    milliseconds += 1999;
    const before = asked;
    expect(source.areas).toEqual(['PARENT']);
    expect(asked).toBe(before);
    milliseconds += 1;
    expect(source.areas).toEqual(['SELF', 'PARENT']);
    await source.close();
  });
});
