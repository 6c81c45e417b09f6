/** The functions of the file system that sources use: an argument, so that a test can count and break them. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statfsSync,
  statSync,
  type BigIntStats,
  type Dirent,
  type Stats,
} from 'node:fs';

/**
 * Synchronous, because a page is 4 KiB that is nearly always in memory: a promise for each page costs ten times what
 * reading it does. Each function throws what its namesake in node:fs throws.
 */
export interface FileSystem {
  readonly openSync: (path: string, flags: number) => number;
  readonly fstatSync: (descriptor: number) => Stats;
  /** Reads up to `length` bytes from this position of the file to `at` in `bytes`; returns how many. */
  readonly readSync: ReadFunction;
  /** The rest of an open file. */
  readonly readTextSync: (descriptor: number) => string;
  readonly closeSync: (descriptor: number) => void;
  readonly statSync: (path: string) => BigIntStats;
  /** Whether there is anything at this path. An exception would cost ten times as much. */
  readonly isThereSync: (path: string) => boolean;
  readonly readdirSync: (path: string) => readonly Dirent[];
  /** The absolute path without symbolic links. */
  readonly realpathSync: (path: string) => string;
  /** Whether a path lies in debugfs; false if that is unknown. */
  readonly isDebugfsSync: (path: string) => boolean;
  /**
   * Whether the path lies in a file system of this machine whose open files tell whether they have changed; false if that
   * is unknown.
   */
  readonly isLocalSync: (path: string) => boolean;
  /** The clock of file times, milliseconds since 1970. */
  readonly now: () => number;
}

type ReadFunction = (
  descriptor: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  position: number,
) => number;

/** The files of this machine. */
export const systemFiles: FileSystem = {
  openSync,
  fstatSync: (descriptor) => fstatSync(descriptor),
  readSync,
  readTextSync: (descriptor) => readFileSync(descriptor, 'utf8'),
  closeSync,
  statSync: (path) => statSync(path, { bigint: true }),
  isThereSync: (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
  readdirSync: (path) => readdirSync(path, { withFileTypes: true }),
  realpathSync: (path) => realpathSync.native(path),
  isDebugfsSync: (path) => fileSystemType(path) === debugfsType,
  isLocalSync: (path) => localTypes.has(fileSystemType(path) ?? 0),
  now: Date.now,
};

/** DEBUGFS_MAGIC in include/uapi/linux/magic.h. */
const debugfsType = 0x64626720;
/** tmpfs, ramfs, ext2 to ext4, XFS, Btrfs and F2FS in include/uapi/linux/magic.h; not overlayfs. */
const localTypes = new Set([0x01021994, 0x858458f6, 0xef53, 0x58465342, 0x9123683e, 0xf2f52010]);

/** The type of the file system (statfs(2)) that a path lies in; null if that is unknown. */
function fileSystemType(path: string): number | null {
  try {
    return statfsSync(path).type;
  } catch {
    return null;
  }
}

/** How files are opened: to read, and without waiting for the writer of a named pipe. Windows has no O_NONBLOCK. */
export const readWithoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK;

/** Far more than the largest manifest: 100,000 frames take 9 MB. */
const maxTextInBytes = 64 * 1024 * 1024;

/** The text of a file. Throws what the system throws, and a plain Error if it is not a file or far too long. */
export function readTextFile(path: string, files: FileSystem): string {
  const descriptor = files.openSync(path, readWithoutWaiting);
  try {
    const state = files.fstatSync(descriptor);
    if (!state.isFile()) throw new Error('it is not a file');
    assertTextSize(state.size);
    return files.readTextSync(descriptor);
  } finally {
    files.closeSync(descriptor);
  }
}

/** Throws a plain Error for a text that is too long. */
export function assertTextSize(sizeInBytes: number): void {
  if (sizeInBytes <= maxTextInBytes) return;
  throw new Error(`it has ${sizeInBytes} bytes, and at most ${maxTextInBytes} make sense`);
}
