import { readdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { captureWriter } from '../../../src/source/capture/capture-writer.ts';
import { openFolderSink } from '../../../src/source/capture/folder-sink.ts';
import { parseCaptureManifest } from '../../../src/source/capture/frame.ts';
import { encodePage } from '../../../src/page/encode.ts';
import { hypervisorName } from '../../../src/snapshot/object-name.ts';
import { topologyOf, type PartitionEntry } from '../../../src/snapshot/topology.ts';
import type { HostSnapshot } from '../../../src/source/host-snapshot.ts';
import { filesBelow, putFile, scratchFolder } from '../scratch.ts';

function snapshotAt(
  seconds: number,
  partitions: readonly (readonly [id: bigint, parent: bigint | null])[],
): HostSnapshot {
  const entries = partitions.map(([id, parent]): PartitionEntry => ({
    id,
    parent,
    name: `name-${id}`,
    virtualProcessors: [],
  }));
  return {
    at: { wallMilliseconds: seconds * 1000, monotonicNanoseconds: BigInt(seconds) * 1_000_000_000n },
    topology: topologyOf([], entries),
    pages: [{ name: hypervisorName, bytes: encodePage([]) }],
    pageless: [],
    failures: [],
  };
}

describe('a capture writer', () => {
  it('writes every partition of any frame, and the frames with their times', async () => {
    const out = `${scratchFolder()}/capture`;
    const writer = await captureWriter(out);
    await writer.writeFrame(
      snapshotAt(1, [
        [1n, null],
        [2n, 1n],
      ]),
    );
    await writer.writeFrame(
      snapshotAt(3, [
        [1n, null],
        [3n, 2n],
      ]),
    );
    await writer.finish();
    const manifest = parseCaptureManifest(String(filesBelow(out).get('manifest.json')));
    expect(Array.from(manifest.partitions)).toEqual([
      [1n, { parent: null, name: 'name-1' }],
      [2n, { parent: 1n, name: 'name-2' }],
      [3n, { parent: 2n, name: 'name-3' }],
    ]);
    expect(manifest.frames).toEqual([
      { name: '000000', at: snapshotAt(1, []).at },
      { name: '000001', at: snapshotAt(3, []).at },
    ]);
  });

  it('rejects a frame with another root or without newer readings, and accepts the next one', async () => {
    const out = `${scratchFolder()}/capture`;
    const writer = await captureWriter(out);
    await writer.writeFrame(snapshotAt(1, [[1n, null]]));
    await expect(writer.writeFrame(snapshotAt(2, [[7n, null]]))).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'Partition 7 is the root now, but a capture has only one root, and that of this one is 1.',
    });
    await expect(writer.writeFrame(snapshotAt(1, [[1n, null]]))).rejects.toMatchObject({
      message: 'The source had no newer readings than the previous snapshot.',
    });
    await writer.writeFrame(snapshotAt(3, [[1n, null]]));
    await writer.finish();
    expect(readdirSync(`${out}/frames`)).toEqual(['000000', '000001']);
  });

  it('gives a tar its name only when it is complete, even after an interrupted run', async () => {
    const folder = scratchFolder();
    putFile(folder, { place: 'capture.tar.partial', content: 'x'.repeat(100_000) });
    const writer = await captureWriter(`${folder}/capture.tar`);
    await writer.writeFrame(snapshotAt(1, [[1n, null]]));
    expect(readdirSync(folder)).toEqual(['capture.tar.partial']);
    await writer.finish();
    expect(readdirSync(folder)).toEqual(['capture.tar']);
  });

  it.each(['capture', 'capture.tar'])('leaves nothing of a %s when it is abandoned', async (name) => {
    const folder = scratchFolder();
    const writer = await captureWriter(`${folder}/${name}`);
    await writer.writeFrame(snapshotAt(1, [[1n, null]]));
    await writer.abandon();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([1, 3, 60])(
    'fails with a clear message on a full disk and leaves nothing, after %i pages',
    async (count) => {
      const folder = scratchFolder();
      // /dev/full has no space for any write.
      symlinkSync('/dev/full', `${folder}/capture.tar.partial`);
      const writer = await captureWriter(`${folder}/capture.tar`);
      const write = async (): Promise<void> => {
        for (let n = 1; n <= count; n++) await writer.writeFrame(snapshotAt(n, [[1n, null]]));
        await writer.finish();
      };
      await expect(write()).rejects.toThrow(
        new UsageError([`${folder}/capture.tar cannot be written: no space left on device (ENOSPC).`]),
      );
      await writer.abandon();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('keeps an empty folder that existed before when it is abandoned, and nothing in it', async () => {
    const folder = scratchFolder();
    const sink = await openFolderSink(folder);
    const bytes = new Uint8Array(1);
    for (const place of ['frames/000000/stats.page', 'manifest.json']) {
      await sink.writeFile({ place, bytes, at: new Date(0) });
    }
    await sink.abandon();
    expect(readdirSync(folder)).toEqual([]);
  });
});
