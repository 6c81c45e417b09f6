/** A capture in a tar: indexed once, then read in place through one kept descriptor. */
import { setImmediate } from 'node:timers/promises';
import { HvqlError, UsageError } from '../../errors.ts';
import { decodePage, wrongSize, type OverlayPage } from '../../page/decode.ts';
import { pageSizeInBytes } from '../../page/format.ts';
import { pagePlace, type ObjectName, type StatisticsArea } from '../../snapshot/object-name.ts';
import { readWithoutWaiting, type FileSystem, assertTextSize } from '../page-folder/file-system.ts';
import { manifestName } from '../page-folder/manifest.ts';
import { readInArea } from '../page-folder/folder-tree.ts';
import { fill, pageError, unavailable } from '../page-folder/page-file.ts';
import type { PageTree } from '../page-folder/page-tree.ts';
import { framePlace, type CaptureStore, type StoreTools } from './capture-store.ts';
import { parseCaptureManifest, type CaptureManifest } from './frame.ts';
import { firstLink, indexTar, type TarEntry, type TarIndex } from './tar-index.ts';
import { withTexts } from './text-tree.ts';

/** The capture in this tar. Rejects with a UsageError if it is not a capture. */
export async function openTarStore(path: string, { files, parser }: StoreTools): Promise<CaptureStore> {
  let descriptor: number | undefined = files.openSync(path, readWithoutWaiting);
  const close = (): void => {
    if (descriptor !== undefined) files.closeSync(descriptor);
    descriptor = undefined;
  };
  const assertOpen = (): number => {
    if (descriptor === undefined) throw new HvqlError('PAGE_UNAVAILABLE', 'The capture is closed.');
    return descriptor;
  };
  const read = ({ position, sizeInBytes }: TarEntry): Buffer => {
    // Checked at each read, because the number of a closed descriptor may belong to another file by now.
    const open = assertOpen();
    const bytes = Buffer.allocUnsafeSlow(sizeInBytes);
    const found = fill(bytes, (rest, at) => files.readSync(open, rest, 0, rest.byteLength, position + at));
    return bytes.subarray(0, found);
  };

  try {
    let manifest: CaptureManifest | undefined;
    const index = await indexTar(path, chunksOf(descriptor, files));
    return {
      // Read once: nothing in the tar changes.
      manifest: () => (manifest ??= readManifest(index, read)),
      hasFrame(name) {
        const link = firstLink(index, framePlace(name));
        if (link !== undefined) throw new UsageError([`${link} ${linkProblem}.`]);
        return index.frames.has(name);
      },
      // It has been open since it was indexed, so it cannot go away.
      assertFrame: assertOpen,
      frame(name) {
        const entries = index.frames.get(name) ?? new Map<string, TarEntry | null>();
        return withTexts(tarTree({ name, entries, index, read }), {
          label: `${framePlace(name)}/`,
          parser,
          read(place) {
            const link = firstLink(index, `${framePlace(name)}/${place}`);
            if (link !== undefined) throw linkError(link);
            const entry = entries.get(place) ?? undefined;
            if (entry !== undefined) assertTextSize(entry.sizeInBytes);
            return entry && read(entry);
          },
        });
      },
      close,
    };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

const chunkInBytes = 1024 * 1024;

/** Not a stream of Node, which closes the descriptor when it fails and might close another file with that number. */
async function* chunksOf(descriptor: number, files: FileSystem): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    const chunk = Buffer.allocUnsafeSlow(chunkInBytes);
    const length = files.readSync(descriptor, chunk, 0, chunkInBytes, position);
    if (length === 0) return;
    yield chunk.subarray(0, length);
    position += length;
    await setImmediate();
  }
}

/** Links in an archive lead into the folder that was packed, if anywhere, so they cannot be opened. */
const linkProblem =
  'is a link, which is not followed in an archive: pack with --dereference --hard-dereference';

function linkError(link: string): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `${link} ${linkProblem}.`, { page: link, reason: 'LINK' });
}

function readManifest(index: TarIndex, read: TarFrame['read']): CaptureManifest {
  const { manifest, strayManifest } = index;
  if (firstLink(index, manifestName) !== undefined) throw new UsageError([`${manifestName} ${linkProblem}.`]);
  if (manifest === undefined) throw new UsageError([missingManifest(strayManifest)]);
  assertTextSize(manifest.sizeInBytes);
  return parseCaptureManifest(read(manifest).toString('utf8'));
}

function missingManifest(stray: string | undefined): string {
  const hint =
    stray === undefined ? '' : `; there is ${stray}, so pack what is in that folder, not the folder itself`;
  return `${manifestName} does not exist, but a capture needs one${hint}.`;
}

interface TarFrame {
  readonly name: string;
  readonly index: TarIndex;
  readonly entries: ReadonlyMap<string, TarEntry | null>;
  readonly read: (entry: TarEntry) => Buffer;
}

function tarTree({ name: frame, entries, index, read }: TarFrame): PageTree {
  const top = `${framePlace(frame)}/`;
  const linkedPlaces = Array.from(index.links)
    .filter((path) => path.startsWith(top))
    .map((path) => path.slice(top.length));
  const folders = foldersOf(entries, linkedPlaces);
  const has = (place: string): boolean => entries.has(place) || index.links.has(`${top}${place}`);
  const areaPages = { has: (_: ObjectName, place: string) => has(place), read: readPage };
  return {
    folders(place) {
      const link = firstLink(index, `${top}${place}`);
      if (link !== undefined) throw linkError(link);
      return Array.from(folders.get(place) ?? []);
    },
    has,
    read: (name) => readInArea(name, areaPages),
  };

  function readPage(name: ObjectName, area: StatisticsArea | null): OverlayPage {
    const place = pagePlace(name, area);
    const origin = { object: name.object, place: `${top}${place}`, area };
    const entry = entries.get(place);
    if (entry === undefined) {
      const link = firstLink(index, origin.place);
      if (link !== undefined) throw linkError(link);
      throw unavailable(origin, { problem: 'is not there', reason: 'ENOENT' });
    }
    if (entry === null)
      throw unavailable(origin, { problem: 'is a folder, not a file', reason: 'NOT_A_FILE' });
    if (entry.sizeInBytes !== pageSizeInBytes) throw wrongSize(origin, entry.sizeInBytes);
    try {
      return decodePage(read(entry), origin);
    } catch (thrown) {
      throw pageError(origin, thrown);
    }
  }
}

/** The names of folders in each folder. A tar may list folders but need not. A link may stand for a folder. */
function foldersOf(
  entries: ReadonlyMap<string, TarEntry | null>,
  linkedPlaces: readonly string[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  const links = linkedPlaces.map((place) => [place, null] as const);
  for (const [place, entry] of [...entries, ...links]) {
    const parts = place.split('/');
    const depth = entry === null ? parts.length : parts.length - 1;
    for (let n = 1; n < depth; n++) {
      const parent = parts.slice(0, n).join('/');
      const name = parts[n] ?? '';
      const within = folders.get(parent);
      if (within === undefined) folders.set(parent, new Set([name]));
      else within.add(name);
    }
  }
  return folders;
}
