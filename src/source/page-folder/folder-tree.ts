/** A tree of pages in a folder of the file system. */
import type { BigIntStats } from 'node:fs';
import type { Release } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import { openFileLimit } from '../../lib/open-file-limit.ts';
import { isNotThere, systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { areaOf, pagePlace, type ObjectName, type StatisticsArea } from '../../snapshot/object-name.ts';
import type { ConfinedFiles } from './confined-files.ts';
import { FileMemory } from './file-memory.ts';
import { keepOpen, type KeptOpen } from './kept-open.ts';
import type { FileSystem } from './file-system.ts';
import { pageError, readPageFile, type PageFile } from './page-file.ts';
import type { PageTree } from './page-tree.ts';

/** The place of the tree, and how it is read. */
export interface FolderTreeSettings {
  readonly folder: string;
  /** The prefix of places in messages, such as "frames/000001/". */
  readonly label?: string;
  /** The release that wrote the pages, if it is known. */
  readonly release?: Release | undefined;
  /** The files of the tree's folder, or of one that it lies in. */
  readonly files: ConfinedFiles;
  /**
   * Whether the tree is read repeatedly: then the last page of each name is kept for as long as the name is, a page
   * that has not changed is the same reading, and files that are read again at once stay open.
   */
  readonly keepsPages?: boolean;
}

/** A page tree that remembers listings. */
export interface FolderTree extends PageTree {
  readonly has: (place: string) => boolean;
  /** Whether the folders in this place are those that were listed before the last `forgetUnused`. */
  stands(place: string): boolean;
  /** Forgets the listings that were not used since the last call. */
  forgetUnused(): void;
  /** Notes the state of the tree's folder, before its pages are read. */
  noteFolder(state: BigIntStats): void;
  /** Closes the files that stay open. */
  close(): void;
}

/** The most page files that stay open; a large host has a thousand or two. */
const mostOpen = 2_048;
/** The part of the files that a process may have open. */
const openPart = 1 / 4;

/** The tree in this folder, which may change or go away at any time. */
export function folderTree({
  folder,
  label = '',
  release,
  files,
  keepsPages = false,
}: FolderTreeSettings): FolderTree {
  const pageFiles = new WeakMap<ObjectName, PageFile>();
  const has = (place: string): boolean => files.isThereSync(`${folder}/${place}`);
  const kept: KeptOpen | null = keepsPages
    ? keepOpen(folder, { files, most: Math.min(mostOpen, openFileLimit() * openPart) })
    : null;
  const filesOfPages: FileSystem = kept === null ? files : { ...files, ...kept };
  const listings = new FileMemory(files, (path) => {
    kept?.close();
    return listFolders(path, files);
  });
  let isListed = false;
  /** Whether the listings that were used since the last `forgetUnused` have links in them. */
  let hasLinks = false;
  /** The area of an object's page may change between readings. */
  const pageFile = (name: ObjectName, area: StatisticsArea | null): PageFile => {
    const last = pageFiles.get(name);
    if (last?.origin.area === area) return last;
    const place = pagePlace(name, area);
    return {
      path: `${folder}/${place}`,
      origin: { object: name.object, place: `${label}${place}`, area, release },
      known: null,
    };
  };
  /** One for all objects: it is used for each of them, each time. */
  const areaPages: AreaPages<Reading> = {
    has(name, place) {
      try {
        return has(place);
      } catch (thrown) {
        throw pageError({ object: name.object, place: `${label}${place}` }, thrown);
      }
    },
    read(name, area) {
      const file = pageFile(name, area);
      const page = readPageFile(file, filesOfPages);
      if (keepsPages) {
        if (file.known === null) pageFiles.set(name, file);
        file.known = page;
      }
      return page;
    },
  };
  return {
    folders(place) {
      try {
        const { names, isLinked } = listings.get(`${folder}/${place}`) ?? nothing;
        hasLinks ||= isLinked;
        // All of a tree is listed in one go, before the first page is read.
        files.hasLinkedFolders = isLinked || (isListed && files.hasLinkedFolders);
        isListed = true;
        return names;
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
    has,
    read: (name) => readInArea(name, areaPages),
    stands(place) {
      const path = `${folder}/${place}`;
      return kept === null ? listings.stands(path) : kept.stands(path, () => listings.stands(path));
    },
    forgetUnused() {
      listings.forgetUnused();
      files.hasLinkedFolders = hasLinks;
      hasLinks = false;
    },
    noteFolder: (state) => kept?.noteFolder(state),
    close: () => kept?.close(),
  };
}

/** The folders in a folder, and whether there are links among them or on the way there. */
interface Listing {
  readonly names: readonly string[];
  readonly isLinked: boolean;
}

const nothing: Listing = { names: [], isLinked: false };

/** A link may lead to a folder; if it does not, reading the page in it fails. */
function listFolders(path: string, files: ConfinedFiles): Listing {
  try {
    const { entries, isLinked } = files.listSync(path);
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    return { names: folders.map((entry) => entry.name), isLinked };
  } catch (thrown) {
    if (isNotThere(thrown)) return nothing;
    throw thrown;
  }
}

/** The pages of the objects in a tree. */
export interface AreaPages<Page> {
  /** Whether there is a file at this place, "partition/5/stats.self.page". */
  has(name: ObjectName, place: string): boolean;
  /** Reads the page of this area, or the only one for null. */
  read(name: ObjectName, area: StatisticsArea | null): Page;
}

/**
 * The page of the area that a name requests. An object with a page of one area has that one for all names. A page that
 * exists and cannot be read is an error, never the other page: a caller who may read SELF must not get PARENT instead.
 */
export function readInArea<Page>(name: ObjectName, pages: AreaPages<Page>): Page {
  const area = areaOf(name);
  if (area === null) return pages.read(name, null);
  if (area === 'SELF') return pages.read(name, hasSelf(name, pages) ? 'SELF' : 'PARENT');
  try {
    return pages.read(name, 'PARENT');
  } catch (thrown) {
    if (!isMissingPage(thrown) || !hasSelf(name, pages)) throw thrown;
    return pages.read(name, 'SELF');
  }
}

function hasSelf(name: ObjectName, pages: AreaPages<unknown>): boolean {
  return pages.has(name, pagePlace(name, 'SELF'));
}

/** Whether an error says that there is no such file. */
export function isMissingPage(thrown: unknown): boolean {
  return thrown instanceof HvqlError && ['ENOENT', 'ENOTDIR'].includes(String(thrown.extensions['reason']));
}
