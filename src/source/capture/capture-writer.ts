/** Writes a capture, frame by frame as they come. */
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { pagePlace } from '../../snapshot/object-name.ts';
import type { Look } from '../look.ts';
import { systemErrorCode } from '../page-folder/file-system.ts';
import { formatManifest } from '../page-folder/manifest-text.ts';
import { manifestName, type ManifestPartition } from '../page-folder/manifest.ts';
import { unwritable, type SunkFile } from './capture-sink.ts';
import { framePlace } from './capture-store.ts';
import { openFolderSink } from './folder-sink.ts';
import { openTarSink } from './tar-sink.ts';

/** A capture that is being written. */
export interface CaptureWriter {
  /**
   * Writes the next frame. Rejects with an HvqlError, having written nothing, where the look does not fit behind the
   * one before: its steady clock has not moved on, or another partition is the root. Like all here, rejects with a
   * UsageError where the file system will not take it: the disk is full.
   */
  writeFrame(look: Look): Promise<void>;
  /** Writes the manifest; the capture is complete. */
  finish(): Promise<void>;
  /** Gives up and removes what was written. */
  abandon(): Promise<void>;
}

/**
 * Begins a capture in a folder, or in one file where the name ends in ".tar". Rejects with a UsageError where it
 * exists (a folder may be empty) or cannot be written.
 */
export async function captureWriter(out: string): Promise<CaptureWriter> {
  const sink = out.endsWith('.tar') ? await openTarSink(out) : await openFolderSink(out);
  const frames: { readonly name: string; readonly at: string; readonly monotonic: string }[] = [];
  const partitions = new Map<bigint, ManifestPartition>();
  let root: bigint | undefined;
  let last: Moment | undefined;

  function assertFollows(look: Look): void {
    const lookRoot = look.topology.partitions.find(({ parent }) => parent === null)?.id;
    if (last !== undefined && look.at.monotonicNanoseconds <= last.monotonicNanoseconds) {
      throw new HvqlError('PAGE_UNAVAILABLE', 'The source had nothing newer than at the look before.');
    }
    if (root !== undefined && lookRoot !== undefined && lookRoot !== root) {
      throw new HvqlError(
        'PAGE_UNAVAILABLE',
        `Partition ${lookRoot} is the root now, where a capture has one root and this one's is ${root}.`,
      );
    }
    root ??= lookRoot;
  }

  async function write(file: SunkFile): Promise<void> {
    await sayingWhere(out, sink.writeFile(file));
  }

  return {
    async writeFrame(look) {
      assertFollows(look);
      const name = String(frames.length).padStart(6, '0');
      const at = new Date(look.at.wallMilliseconds);
      for (const page of look.pages) {
        const place = `${framePlace(name)}/${pagePlace(page.name)}`;
        await write({ place, bytes: page.bytes, at });
      }
      for (const partition of look.topology.partitions) partitions.set(partition.id, partition);
      frames.push({ name, at: at.toISOString(), monotonic: String(look.at.monotonicNanoseconds) });
      last = look.at;
    },
    async finish() {
      const bytes = Buffer.from(formatManifest(partitions, { frames }));
      await write({ place: manifestName, bytes, at: new Date(last?.wallMilliseconds ?? 0) });
      await sayingWhere(out, sink.finish());
    },
    abandon: () => sink.abandon(),
  };
}

async function sayingWhere(out: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    throw systemErrorCode(thrown) === undefined ? thrown : unwritable(out, thrown);
  }
}
