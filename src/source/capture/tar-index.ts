/** The positions of files in the tar of a capture. Pages are not kept in memory. */
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { UsageError, messageOf } from '../../errors.ts';
import { manifestName } from '../page-folder/manifest.ts';

/** A file in the tar: the position and the number of its bytes. */
export interface TarEntry {
  readonly position: number;
  readonly sizeInBytes: number;
}

/** The parts of a capture in a tar. */
export interface TarIndex {
  readonly manifest: TarEntry | undefined;
  /**
   * The path of a manifest in a sub-folder, for the message: the usual mistake is to pack the folder, not its contents.
   */
  readonly strayManifest: string | undefined;
  /** By the name of a frame: its files by place, "lp/0/stats.page"; folders have no entry but the value null. */
  readonly frames: ReadonlyMap<string, ReadonlyMap<string, TarEntry | null>>;
  /** Paths of symbolic and hard links, which are not followed: "frames/000001/lp/0/stats.page". */
  readonly links: ReadonlySet<string>;
}

/** The first link on the way to a path in the tar, itself included; undefined if there is no link. */
export function firstLink({ links }: TarIndex, path: string): string | undefined {
  if (links.size === 0) return undefined;
  const names = path.split('/');
  for (let count = 1; count <= names.length; count++) {
    const part = names.slice(0, count).join('/');
    if (links.has(part)) return part;
  }
  return undefined;
}

/**
 * Walks through a tar from its beginning, once. Later files of the same name replace earlier ones, as tar has it.
 * Throws a UsageError if it is not a tar or ends in the middle of a file.
 */
export async function indexTar(path: string, bytes: AsyncIterable<Uint8Array>): Promise<TarIndex> {
  const index: MutableIndex = {
    manifest: undefined,
    strayManifest: undefined,
    frames: new Map(),
    links: new Set(),
  };
  const places = new Map<string, string>();
  const extractor = extract();
  extractor.on('entry', (header, content, next) => {
    try {
      note(index, { header, places });
    } catch (thrown) {
      next(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return;
    }
    content.on('end', next);
    // The extractor reports it as well; without this listener it would be an unhandled error.
    content.on('error', () => {});
    content.resume();
  });
  try {
    await pipeline(bytes, extractor);
  } catch (thrown) {
    throw new UsageError([`${path} is not a whole tar archive: ${messageOf(thrown)}.`]);
  }
  return index;
}

interface MutableIndex {
  manifest: TarEntry | undefined;
  strayManifest: string | undefined;
  readonly frames: Map<string, Map<string, TarEntry | null>>;
  readonly links: Set<string>;
}

interface FoundEntry {
  readonly header: {
    readonly name: string;
    readonly type?: string | null | undefined;
    readonly size?: number | undefined;
  };
  /** Every place once: all frames have nearly the same, and so share the strings. */
  readonly places: Map<string, string>;
}

function note(index: MutableIndex, { header, places }: FoundEntry): void {
  const path = header.name.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  if (header.type === 'symlink' || header.type === 'link') {
    index.links.add(path);
    return;
  }
  const entry = entryOf(header);
  if (entry === undefined) return;
  index.links.delete(path);
  if (path === manifestName) index.manifest = entry ?? undefined;
  else if (path.endsWith(`/${manifestName}`)) index.strayManifest ??= path;

  const [top, frame, ...within] = path.split('/');
  if (top !== 'frames' || frame === undefined) return;
  let files = index.frames.get(frame);
  if (files === undefined) index.frames.set(frame, (files = new Map<string, TarEntry | null>()));
  if (within.length === 0) return;
  const found = within.join('/');
  const place = places.get(found) ?? found;
  places.set(place, place);
  files.set(place, entry);
}

/** null for a folder; undefined for devices and the like. */
function entryOf(header: FoundEntry['header']): TarEntry | null | undefined {
  if (header.type === 'directory') return null;
  if (header.type !== 'file' && header.type !== 'contiguous-file') return undefined;
  // tar-stream has the offset of an entry's bytes, but its types do not declare it.
  if (!('byteOffset' in header) || typeof header.byteOffset !== 'number') {
    throw new TypeError('tar-stream no longer says where entries start');
  }
  return { position: header.byteOffset, sizeInBytes: header.size ?? 0 };
}
