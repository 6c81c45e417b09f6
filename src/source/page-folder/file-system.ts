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
import { getSystemErrorMap } from 'node:util';

/**
 * Synchronous, because a page is 4 KiB that is nearly always in memory: a promise for each page costs ten times what
 * reading it does. Each function throws what its namesake in node:fs throws.
 */
export interface FileSystem {
  readonly openSync: (path: string, flags: number) => number;
  readonly fstatSync: (descriptor: number) => Stats;
  /** Reads up to `length` bytes from this position of the file to `at` in `bytes`; says how many. */
  readonly readSync: ReadFunction;
  /** The rest of an open file. */
  readonly readTextSync: (descriptor: number) => string;
  readonly closeSync: (descriptor: number) => void;
  readonly statSync: (path: string) => BigIntStats;
  /** Whether there is anything at this path. An error for nothing would cost ten times the question. */
  readonly isThereSync: (path: string) => boolean;
  readonly readdirSync: (path: string) => readonly Dirent[];
  /** The absolute path without symbolic links. */
  readonly realpathSync: (path: string) => string;
  /** Whether a path lies in the file system that Linux's drivers show what they know in; false where it cannot be told. */
  readonly isDebugfsSync: (path: string) => boolean;
  /** The clock that files are stamped with, milliseconds since 1970. */
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
  isDebugfsSync: isDebugfs,
  now: Date.now,
};

/** DEBUGFS_MAGIC in include/uapi/linux/magic.h. */
const debugfsType = 0x64626720;

function isDebugfs(path: string): boolean {
  try {
    return statfsSync(path).type === debugfsType;
  } catch {
    return false;
  }
}

/** How files are opened: to read, and without waiting for the writer of a named pipe. Windows knows no O_NONBLOCK. */
export const readWithoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * A symbolic link leads out of the folder that it lies in. The code is that of openat2(2) for the same: RESOLVE_BENEATH
 * in its manual.
 */
export class OutsideLinkError extends Error {
  readonly code = 'EXDEV';
  /** Where the link stands in the folder: "partition/5". */
  readonly link: string;

  constructor(link: string) {
    super(`the symbolic link ${link} leads out of the folder`);
    this.link = link;
  }
}

/** The code of a failed system call, 'ENOENT'; undefined for any other error, those of Node itself (ERR_…) included. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string')) return undefined;
  return /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : undefined;
}

/** Whether there simply was nothing at that path. */
export function isNotThere(thrown: unknown): boolean {
  const code = systemErrorCode(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Why a system call failed, in words and without the path, which is not for every reader: "permission denied (EACCES)".
 */
export function systemErrorReason(thrown: unknown): string {
  const code = systemErrorCode(thrown);
  if (code === undefined) return 'an unexpected error';
  if (thrown instanceof OutsideLinkError) return `${thrown.message} (${code})`;
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return `${words} (${code})`;
  return code;
}
