/** The files of one folder. A symbolic link may point to another place in it, and is rejected if it points outside. */
import { constants, type Dirent } from 'node:fs';
import { join, sep } from 'node:path';
import { OutsideLinkError, systemErrorCode } from '../../lib/system-error.ts';
import type { FileSystem } from './file-system.ts';

/** A file system that opens and lists nothing outside of one folder. Its functions throw OutsideLinkError as well. */
export interface ConfinedFiles extends FileSystem {
  /**
   * Whether a parent folder of a file may be a link. Then each path is resolved before it is opened, which
   * takes longer than reading a page. Otherwise only the file itself may be a link, which opening it detects.
   * @default true
   */
  hasLinkedFolders: boolean;
  /** Opens a file; null if it or, according to `hasLinkedFolders`, a parent folder may be a link. */
  openUnlinkedSync(path: string, flags: number): number | null;
  /** The content of a folder, and whether it or the path to it contains links. */
  listSync(path: string): { readonly entries: readonly Dirent[]; readonly isLinked: boolean };
  /** Throws OutsideLinkError if this path points outside the folder, and what the system throws if it does not exist. */
  assertWithin(path: string): void;
}

/** Undefined on Windows, where each path is resolved. */
const noFollow = constants.O_NOFOLLOW as number | undefined;

/**
 * The files of a folder; all paths start with its own, which may be a link. A process that may rename folders in it
 * can still insert a link between the listing of a folder and the opening of a file.
 */
export function confineFiles(folder: string, files: FileSystem): ConfinedFiles {
  const isWithin = (real: string, root: string): boolean =>
    real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);

  /** The path without links, and whether that is the path as it is written. */
  function resolve(path: string): { readonly real: string; readonly isPlain: boolean } {
    const place = path.slice(folder.length).replace(/^[/\\]+/, '');
    const root = files.realpathSync(folder);
    const real = files.realpathSync(path);
    if (!isWithin(real, root)) throw new OutsideLinkError(firstLinkOut(place, root));
    const isPlain = real === join(root, place);
    return { real: isPlain ? path : real, isPlain };
  }

  function firstLinkOut(place: string, root: string): string {
    const names = place.split('/');
    for (let count = 1; count < names.length; count++) {
      const part = names.slice(0, count).join('/');
      if (!isWithin(files.realpathSync(`${folder}/${part}`), root)) return part;
    }
    return place;
  }

  const confined: ConfinedFiles = {
    ...files,
    hasLinkedFolders: true,
    openUnlinkedSync(path, flags) {
      if (confined.hasLinkedFolders || noFollow === undefined) return null;
      try {
        return files.openSync(path, flags | noFollow);
      } catch (thrown) {
        if (systemErrorCode(thrown) === 'ELOOP') return null;
        throw thrown;
      }
    },
    openSync: (path, flags) =>
      confined.openUnlinkedSync(path, flags) ?? files.openSync(resolve(path).real, flags | (noFollow ?? 0)),
    readdirSync: (path) => files.readdirSync(resolve(path).real),
    listSync(path) {
      const { real, isPlain } = resolve(path);
      const entries = files.readdirSync(real);
      return { entries, isLinked: !isPlain || entries.some((entry) => entry.isSymbolicLink()) };
    },
    assertWithin: (path) => void resolve(path),
  };
  return confined;
}
