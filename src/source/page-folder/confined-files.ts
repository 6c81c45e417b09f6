/** The files of one folder: a symbolic link in it may lead to another place in it, and is refused if it leads out. */
import { constants, type Dirent } from 'node:fs';
import { join, sep } from 'node:path';
import { OutsideLinkError, systemErrorCode } from '../../lib/system-error.ts';
import type { FileSystem } from './file-system.ts';

/** A file system that opens and lists nothing outside of one folder. Its functions throw OutsideLinkError as well. */
export interface ConfinedFiles extends FileSystem {
  /**
   * Whether one of the folders on the way to a file may be a link. Then each path is resolved before it is opened, which
   * takes longer than reading a page. Otherwise only the file itself may be one, which opening it tells.
   * @default true
   */
  hasLinkedFolders: boolean;
  /** Opens a file where neither it nor, by `hasLinkedFolders`, a folder on the way to it is a link; null for others. */
  openUnlinkedSync(path: string, flags: number): number | null;
  /** What is in a folder, and whether there are links among it or on the way to it. */
  listSync(path: string): { readonly entries: readonly Dirent[]; readonly isLinked: boolean };
  /** Throws OutsideLinkError if this path leads out of the folder, and what the system throws if it leads nowhere. */
  assertWithin(path: string): void;
}

/** Undefined on Windows, where each path is resolved. */
const noFollow = constants.O_NOFOLLOW as number | undefined;

/**
 * The files of a folder; all paths start with its own, which may be a link. A process that may rename folders in it
 * can still put a link in the way between the listing of a folder and the opening of a file.
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
