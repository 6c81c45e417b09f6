/** A capture that is being written to a tar: under another name until it is complete. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import { UsageError } from '../../errors.ts';
import { isNotThere } from '../../lib/system-error.ts';
import { unwritable, type CaptureSink, type SunkFile } from './capture-store.ts';

/** Begins `<out>.partial`, replacing that of an interrupted run. Rejects with a UsageError if `out` exists. */
export async function openTarSink(out: string): Promise<CaptureSink> {
  await assertFree(out);
  const partial = `${out}.partial`;
  const file = await open(partial, 'w').catch((thrown: unknown) => {
    throw unwritable(out, thrown);
  });
  const archive = pack();
  // `flush`: the file is on the disk before it gets its name.
  const written = pipeline(archive, file.createWriteStream({ flush: true }));
  // The next write rejects with it; until then it must not count as unhandled.
  written.catch(() => {});
  return {
    async writeFile(sunk) {
      try {
        await writeEntry(archive, sunk);
      } catch (thrown) {
        // The error of the file, such as a full disk, says more than the archive's error that it was destroyed.
        await written;
        throw thrown;
      }
    },
    async finish() {
      archive.finalize();
      await written;
      await rename(partial, out);
    },
    async abandon() {
      archive.destroy();
      await written.catch(() => {});
      await rm(partial, { force: true });
    },
  };
}

/** Resolves when the bytes have been passed on to the file. */
function writeEntry(archive: Pack, { place, bytes, at }: SunkFile): Promise<void> {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Promise((resolve, reject) => {
    const entry = archive.entry({ name: place, mtime: at }, content, (error) => {
      if (error) reject(error);
      else resolve();
    });
    // The callback reports it as well; without this listener it would be an unhandled error.
    entry.on('error', () => {});
  });
}

async function assertFree(out: string): Promise<void> {
  try {
    await stat(out);
  } catch (thrown) {
    if (isNotThere(thrown)) return;
    throw unwritable(out, thrown);
  }
  throw new UsageError([`${out} exists already, and is not overwritten.`]);
}
