/** A tree of pages in a folder of the file system. */
import { HvqlError } from '../../errors.ts';
import { pagePlace } from '../../snapshot/object-name.ts';
import { FileMemory } from './file-memory.ts';
import { isNotThere, systemErrorCode, systemErrorReason, type FileSystem } from './file-system.ts';
import { readPageFile } from './page-file.ts';
import type { PageTree } from './page-tree.ts';

/** Where the tree lies. */
export interface FolderTreeSettings {
  readonly folder: string;
  /** What messages put before a place in the tree: "frames/000001/". */
  readonly label?: string;
  readonly files: FileSystem;
}

/** A page tree that remembers listings. */
export interface FolderTree extends PageTree {
  /** Forgets the listings that were not asked for since the last call. */
  forgetUnasked(): void;
}

/** The tree in this folder, which may change or go away at any time. */
export function folderTree({ folder, label = '', files }: FolderTreeSettings): FolderTree {
  const listings = new FileMemory(files, (path) => listFolders(path, files));
  return {
    folders(place) {
      try {
        return listings.get(`${folder}/${place}`) ?? [];
      } catch (thrown) {
        const code = systemErrorCode(thrown);
        if (code === undefined) throw thrown;
        throw new HvqlError(
          'PAGE_UNAVAILABLE',
          `The folder ${label}${place} cannot be listed: ${systemErrorReason(thrown)}.`,
          { folder: `${label}${place}`, reason: code },
        );
      }
    },
    read(name) {
      const place = pagePlace(name);
      const origin = { object: name.object, place: `${label}${place}` };
      return readPageFile({ path: `${folder}/${place}`, origin }, files);
    },
    forgetUnasked: () => listings.forgetUnasked(),
  };
}

/** A link may lead to a folder; where it does not, the page behind it says so when it is read. */
function listFolders(path: string, files: FileSystem): string[] {
  try {
    return files
      .readdirSync(path)
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name);
  } catch (thrown) {
    if (isNotThere(thrown)) return [];
    throw thrown;
  }
}
