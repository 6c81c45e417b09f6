/** Writes a capture frame by frame. */
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { areaOf, pagePlace } from '../../snapshot/object-name.ts';
import type { HostSnapshot } from '../host-snapshot.ts';
import { statsPlace } from '../mshv/stats-file.ts';
import { formatStats } from '../mshv/stats-lines.ts';
import { systemErrorCode } from '../../lib/system-error.ts';
import { formatManifest, manifestName, type ManifestPartition } from '../page-folder/manifest.ts';
import { unwritable, type SunkFile, framePlace } from './capture-store.ts';
import { openFolderSink } from './folder-sink.ts';
import { openTarSink } from './tar-sink.ts';
import { asRecorded } from './recorded-reading.ts';

/** A capture that is being written. */
export interface CaptureWriter {
  /**
   * Writes the next frame, and returns how many bytes its pages and texts have. Rejects with an HvqlError, and writes
   * nothing, if the snapshot does not follow the one before: its steady clock has not advanced, or another partition is
   * the root. Like all functions here, rejects with a UsageError if the file system fails, as when the disk is full.
   */
  writeFrame(snapshot: HostSnapshot): Promise<number>;
  /** Writes the manifest; the capture is complete. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/**
 * Begins a capture in a folder, or in one file if the name ends in ".tar". Rejects with a UsageError if it
 * exists (a folder may be empty) or cannot be written. `host` is the name of the recorded host; null for none.
 */
export async function captureWriter(out: string, host: string | null = null): Promise<CaptureWriter> {
  const sink = out.endsWith('.tar') ? await openTarSink(out) : await openFolderSink(out);
  const frames: { readonly name: string; readonly at: string; readonly monotonic: string }[] = [];
  const partitions = new Map<bigint, ManifestPartition>();
  let root: bigint | undefined;
  let last: Moment | undefined;

  function assertFollows(snapshot: HostSnapshot): void {
    const snapshotRoot = snapshot.topology.partitions.find(({ parent }) => parent === null)?.id;
    if (last !== undefined && snapshot.at.monotonicNanoseconds <= last.monotonicNanoseconds) {
      throw new HvqlError('PAGE_UNAVAILABLE', 'The source had no newer readings than the previous snapshot.');
    }
    if (root !== undefined && snapshotRoot !== undefined && snapshotRoot !== root) {
      throw new HvqlError(
        'PAGE_UNAVAILABLE',
        `Partition ${snapshotRoot} is the root now, but a capture has only one root, and that of this one is ${root}.`,
      );
    }
    root ??= snapshotRoot;
  }

  async function write(file: SunkFile): Promise<void> {
    await sayingWhere(out, sink.writeFile(file));
  }

  return {
    async writeFrame(snapshot) {
      assertFollows(snapshot);
      const name = String(frames.length).padStart(6, '0');
      const at = new Date(snapshot.at.wallMilliseconds);
      let length = 0;
      for (const { place, bytes } of filesOf(snapshot)) {
        await write({ place: `${framePlace(name)}/${place}`, bytes, at });
        length += bytes.byteLength;
      }
      for (const partition of snapshot.topology.partitions) partitions.set(partition.id, partition);
      frames.push({ name, at: at.toISOString(), monotonic: String(snapshot.at.monotonicNanoseconds) });
      last = snapshot.at;
      return length;
    },
    async finish() {
      const bytes = Buffer.from(formatManifest(partitions, { ...(host === null ? {} : { host }), frames }));
      await write({ place: manifestName, bytes, at: new Date(last?.wallMilliseconds ?? 0) });
      await sayingWhere(out, sink.finish());
    },
    abandon: () => sink.abandon(),
  };
}

/** The files of a snapshot, one after another, so that not all texts are in memory together. */
function* filesOf({ pages, pageless }: HostSnapshot): Generator<Pick<SunkFile, 'place' | 'bytes'>> {
  for (const { name, bytes } of pages) yield { place: pagePlace(name, areaOf(name)), bytes };
  for (const { name, reading } of pageless) {
    yield { place: statsPlace(name), bytes: formatStats(name.object, asRecorded(name.object, reading)) };
  }
}

async function sayingWhere(out: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    throw systemErrorCode(thrown) === undefined ? thrown : unwritable(out, thrown);
  }
}
