import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { HvqlError, UsageError } from '../../../src/errors.ts';
import { hypervisorName } from '../../../src/snapshot/object-name.ts';
import { openCapture } from '../../../src/source/capture/capture.ts';
import { systemFiles, type FileSystem } from '../../../src/source/page-folder/file-system.ts';
import { expectedOf, expectValues } from '../expected-values.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, fixture, putFile, scratchFolder } from '../scratch.ts';
import { packTar } from './pack-tar.ts';

const never = new AbortController().signal;
const expected = expectedOf<Parameters<typeof expectValues>[1]['values'][]>('three-frames');
let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
});

function open(path: string, standStillAt?: number) {
  return openCapture({ path, isLoop: false, standStillAt }, { clock });
}

async function problemsOf(path: string, standStillAt?: number): Promise<readonly string[]> {
  try {
    await (await open(path, standStillAt)).close();
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

const places: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['a folder', () => fixture('three-frames')],
  ['a tar', () => packTar(fixture('three-frames'))],
  ['a tar with names that begin with ./', () => packTar(fixture('three-frames'), './')],
  [
    'a tar of the tar command, including folders',
    () => {
      const tar = `${scratchFolder()}/packed.tar`;
      execFileSync('tar', ['-cf', tar, '-C', fixture('three-frames'), '.']);
      return tar;
    },
  ],
];

describe.each(places)('a capture in %s', (_title, make) => {
  it('has the exact values of the three frames, each at its time', async () => {
    const source = await open(await make());
    for (const [n, values] of expected.values.entries()) {
      await expectValues(source, { partitions: expected.partitions, values: values });
      expect((await source.read([], never)).at).toEqual({
        wallMilliseconds: Date.UTC(2026, 10, 20, 10, 0, n),
        monotonicNanoseconds: BigInt(n) * 1_000_000_000n,
      });
      clock.advance(1000);
    }
    await source.close();
  });

  it('stays at the requested frame', async () => {
    const source = await open(await make(), 1);
    clock.advance(60_000);
    const [, values = {}] = expected.values;
    await expectValues(source, { partitions: expected.partitions, values });
    await source.close();
  });
});

describe('a page in a capture', () => {
  it.each([
    ['a folder', async (folder: string) => folder],
    ['a tar', async (folder: string) => packTar(folder)],
  ])('that is broken fails without affecting others, in %s', async (_title, place) => {
    const folder = copyOfFixture('three-frames');
    truncateSync(`${folder}/frames/000000/lp/1/stats.page`, 100);
    rmSync(`${folder}/frames/000000/partition/8/stats.page`);
    const source = await open(await place(folder));
    const { outcomes } = await source.read(
      [hypervisorName, { object: 'LOGICAL_PROCESSOR', index: 1 }, { object: 'PARTITION', partitionId: 8n }],
      never,
    );
    await source.close();
    expect(outcomes[0]).not.toBeInstanceOf(HvqlError);
    expect(outcomes[1]).toMatchObject({
      code: 'PAGE_MALFORMED',
      message:
        'frames/000000/lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 100.',
    });
    expect(outcomes[2]).toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'frames/000000/partition/8/stats.page is not there.',
    });
  });

  it('is unavailable after the capture is closed', async () => {
    const source = await open(await packTar(fixture('three-frames')));
    await source.close();
    const { outcomes } = await source.read([hypervisorName], never);
    expect(outcomes).toMatchObject([{ code: 'PAGE_UNAVAILABLE', message: 'The capture is closed.' }]);
  });
});

describe('a capture in a tar', () => {
  it('is read in place: a page costs one read of 4096 bytes', async () => {
    const lengths: number[] = [];
    const files: FileSystem = {
      ...systemFiles,
      readSync(descriptor, bytes, at, length, position) {
        lengths.push(length);
        return systemFiles.readSync(descriptor, bytes, at, length, position);
      },
    };
    const path = await packTar(fixture('three-frames'));
    const source = await openCapture({ path, isLoop: false, standStillAt: undefined }, { clock, files });
    lengths.length = 0;
    await source.topology(never);
    await source.read([hypervisorName], never);
    expect(lengths).toEqual([4096]);
    await source.close();
  });

  it('keeps using the manifest that it opened', async () => {
    const tar = await packTar(fixture('three-frames'));
    const source = await open(tar);
    const topology = await source.topology(never);
    rmSync(tar);
    expect(await source.topology(never)).toBe(topology);
    await source.close();
  });

  it('keeps using the tar that it opened when another one replaces it', async () => {
    const path = await packTar(fixture('three-frames'));
    const source = await open(path);
    rmSync(path);
    writeFileSync(path, 'something else');
    const [values = {}] = expected.values;
    await expectValues(source, { partitions: expected.partitions, values });
    await source.close();
  });
});

describe('a capture in a folder', () => {
  it('fails completely if it is removed during playback, until it is back', async () => {
    const folder = copyOfFixture('three-frames');
    const source = await open(folder);
    const topology = await source.topology(never);
    await source.read([hypervisorName], never);
    clock.advance(1000);
    renameSync(folder, `${folder}-away`);
    try {
      await expect(source.topology(never)).rejects.toMatchObject({
        code: 'PAGE_UNAVAILABLE',
        message: 'frames/000001 is not there.',
      });
    } finally {
      renameSync(`${folder}-away`, folder);
    }
    expect(await source.topology(never)).toBe(topology);
    const { outcomes } = await source.read([hypervisorName], never);
    expect(outcomes[0]).not.toBeInstanceOf(HvqlError);
    rmSync(`${folder}/frames/000001`, { recursive: true });
    putFile(folder, { place: 'frames/000001', content: '' });
    await expect(source.topology(never)).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'frames/000001 is not a folder.',
    });
  });

  it('fails completely while its manifest is missing or invalid, and recovers when it is back', async () => {
    const folder = copyOfFixture('three-frames');
    const source = await open(folder);
    const topology = await source.topology(never);
    const place = 'manifest.json';
    const text = readFileSync(`${folder}/${place}`, 'utf8');
    rmSync(`${folder}/${place}`);
    for (let round = 0; round < 2; round++) {
      await expect(source.topology(never)).rejects.toMatchObject({
        code: 'PAGE_UNAVAILABLE',
        message:
          'manifest.json is not there any more, and without it nothing says which partition is the root.',
      });
    }
    putFile(folder, { place, content: text.slice(0, -20) });
    await expect(source.topology(never)).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'manifest.json is not valid.',
      extensions: { code: 'PAGE_UNAVAILABLE' },
    });
    putFile(folder, { place, content: text });
    expect(await source.topology(never)).toBe(topology);
  });

  it('uses the current partitions of its manifest', async () => {
    const folder = copyOfFixture('three-frames');
    const source = await open(folder);
    const { partitions } = await source.topology(never);
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as { partitions: object[] };
    const [first, ...others] = manifest.partitions;
    const content = JSON.stringify({ ...manifest, partitions: [{ ...first, name: 'renamed' }, ...others] });
    putFile(folder, { place: 'manifest.json', content });
    const renamed = await source.topology(never);
    expect(renamed.partitions.map(({ id }) => id)).toEqual(partitions.map(({ id }) => id));
    expect(renamed.partitions.map(({ name }) => name)).toContain('renamed');
    expect(await source.topology(never)).toBe(renamed);
  });

  it('lists again what it could not list before', async () => {
    const path = fixture('three-frames');
    let isClosed = true;
    const files: FileSystem = {
      ...systemFiles,
      statSync(place) {
        if (isClosed && place.endsWith('partition/5/vp'))
          throw Object.assign(new Error('closed'), { code: 'EIO' });
        return systemFiles.statSync(place);
      },
    };
    const source = await openCapture({ path, isLoop: false, standStillAt: 0 }, { clock, files });
    const closed = await source.topology(never);
    expect(closed.partition(5n)?.listError?.message).toBe(
      'The folder frames/000000/partition/5/vp cannot be listed: i/o error (EIO).',
    );
    expect(await source.topology(never)).toBe(closed);
    isClosed = false;
    const listed = await source.topology(never);
    expect(listed.partition(5n)?.virtualProcessors).toEqual([0, 1]);
    expect(await source.topology(never)).toBe(listed);
  });
});

describe('the playback of a capture', () => {
  it('starts with the first reading of objects, not with a listing or a readiness check', async () => {
    const source = await open(fixture('three-frames'));
    const showsSecond = async (): Promise<number> =>
      Number((await source.read([], never)).at.monotonicNanoseconds / 1_000_000_000n);
    for (let n = 0; n < 3; n++) {
      await source.topology(never);
      expect(await showsSecond()).toBe(0);
      clock.advance(1000);
    }
    expect((await source.read([hypervisorName], never)).at.monotonicNanoseconds).toBe(0n);
    clock.advance(1000);
    expect(await showsSecond()).toBe(1);
  });

  it('returns the same topology object while nothing in it changes, in every frame', async () => {
    for (const path of [fixture('three-frames'), await packTar(fixture('three-frames'))]) {
      const source = await open(path);
      const first = await source.topology(never);
      expect(await source.topology(never)).toBe(first);
      await source.read([hypervisorName], never);
      clock.advance(1000);
      expect((await source.read([], never)).at.monotonicNanoseconds).toBe(1_000_000_000n);
      expect(await source.topology(never)).toBe(first);
      await source.close();
      clock = new ManualClock();
    }
  });
});

describe('opening a capture', () => {
  it('reports missing files', async () => {
    const path = `${scratchFolder()}/none.tar`;
    expect(await problemsOf(path)).toEqual([
      `The capture ${path} cannot be read: no such file or directory (ENOENT).`,
    ]);
  });

  it('refuses a folder without a manifest', async () => {
    const path = scratchFolder();
    expect(await problemsOf(path)).toEqual([
      `${path}/manifest.json does not exist, but a capture needs one.`,
    ]);
  });

  it('refuses a page folder, which has no frames', async () => {
    const path = fixture('small-host');
    expect(await problemsOf(path)).toEqual([`${path}/manifest.json: frames needs a list, but is missing.`]);
  });

  it('reports every listed frame that is missing, and a frame number out of range', async () => {
    const path = copyOfFixture('three-frames');
    rmSync(`${path}/frames/000000`, { recursive: true });
    rmSync(`${path}/frames/000002`, { recursive: true });
    expect(await problemsOf(path, 3)).toEqual([
      `${path}/frames/000000 is not there, but the manifest lists it.`,
      `${path}/frames/000002 is not there, but the manifest lists it.`,
      `${path}/manifest.json has the frames 0 to 2, but frame=3 was asked for.`,
    ]);
  });

  it('reports which frame cannot be read, and why', async () => {
    const path = fixture('three-frames');
    const files: FileSystem = {
      ...systemFiles,
      statSync(place) {
        if (place.endsWith('/000001')) throw Object.assign(new Error('closed'), { code: 'EACCES' });
        return systemFiles.statSync(place);
      },
    };
    await expect(
      openCapture({ path, isLoop: false, standStillAt: undefined }, { clock, files }),
    ).rejects.toThrow(new UsageError([`${path}/frames/000001 cannot be read: permission denied (EACCES).`]));
  });

  it('refuses paths that are neither a folder nor a file, without reading them', async () => {
    expect(await problemsOf('/dev/zero')).toEqual(['The capture /dev/zero is neither a folder nor a file.']);
  });

  it('refuses a file that is not a tar', async () => {
    const folder = scratchFolder();
    putFile(folder, { place: 'a.tar', content: 'x'.repeat(5000) });
    putFile(folder, { place: 'b.tar', content: 'short' });
    expect(await problemsOf(`${folder}/a.tar`)).toEqual([
      expect.stringMatching(`^${folder}/a.tar is not a whole tar archive: Invalid tar header`),
    ]);
    expect(await problemsOf(`${folder}/b.tar`)).toEqual([
      `${folder}/b.tar is not a whole tar archive: Unexpected end of data.`,
    ]);
  });

  it('refuses a compressed tar', async () => {
    const path = await packTar(fixture('three-frames'));
    writeFileSync(path, gzipSync(readFileSync(path)));
    expect(await problemsOf(path)).toEqual([expect.stringContaining('is not a whole tar archive')]);
  });

  it('refuses a truncated tar, whether it ends in a page or between two', async () => {
    const path = await packTar(fixture('three-frames'));
    truncateSync(path, 9000);
    expect(await problemsOf(path)).toEqual([`${path} is not a whole tar archive: Unexpected end of data.`]);
    truncateSync(path, 2 * (512 + 4096));
    expect(await problemsOf(path)).toEqual([
      `${path}/manifest.json does not exist, but a capture needs one.`,
    ]);
    truncateSync(path, 0);
    expect(await problemsOf(path)).toEqual([
      `${path}/manifest.json does not exist, but a capture needs one.`,
    ]);
  });

  it('reports only usage errors, for any damage to a tar', async () => {
    const path = await packTar(fixture('three-frames'));
    const whole = readFileSync(path);
    const anywhere = fc.record({
      cutAt: fc.nat(whole.length),
      changes: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(anywhere, async ({ cutAt, changes }) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at - (at % 512) + (at % 160)] = value;
        writeFileSync(path, changes.length > 5 ? bytes : bytes.subarray(0, cutAt));
        // Rejects where it fails with anything but a UsageError.
        await problemsOf(path);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('says how to pack a folder if the folder itself was packed instead of its content', async () => {
    const path = await packTar(fixture('three-frames'), 'my-capture/');
    expect(await problemsOf(path)).toEqual([
      `${path}/manifest.json does not exist, but a capture needs one; ` +
        'there is my-capture/manifest.json, so pack what is in that folder, not the folder itself.',
    ]);
  });
});
