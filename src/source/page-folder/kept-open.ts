/**
 * Keeps page files and folders open that are requested repeatedly: finding and opening a file takes longer than reading
 * it.
 */
import type { BigIntStats } from 'node:fs';
import type { ConfinedFiles } from './confined-files.ts';
import { readWithoutWaiting, type FileSystem } from './file-system.ts';

/**
 * A file that is requested again within this time stays open. With rarer requests, another file has often replaced it.
 */
const againWithinMilliseconds = 100;
/** After this time a path is opened again even if its file seems unchanged, and closed if nothing has requested it. */
const keptMilliseconds = 1_000;
/** Changes within one tick of the kernel's clock, 10 ms at most, may have the same time. */
const tickMilliseconds = 20;

/** A page or a folder that was requested a moment ago. */
interface RecentFile {
  readonly openedAt: number;
  askedAt: number;
  /** null if it was closed again. */
  readonly descriptor: number | null;
  /** Time of change, milliseconds since 1970. */
  readonly changedAt: number;
}

/** Files and folders that stay open from one request to the next. */
export interface KeptOpen {
  /** Returns the descriptor of the file at this path, which may have been open before. */
  readonly openSync: FileSystem['openSync'];
  /** Closes the file, unless it is kept. */
  readonly closeSync: FileSystem['closeSync'];
  /** Whether a folder is unchanged according to `check`, which examines the path. */
  stands(path: string, check: () => boolean): boolean;
  /**
   * Records the state of the folder of the whole tree: if it is another folder than before, none of the open files is in
   * it.
   */
  noteFolder(state: BigIntStats): void;
  /** Closes all, because folders on the way to some of them may have changed. */
  close(): void;
}

/**
 * An open file is the one at its path for as long as it has a link and the same time of change (ctime): a file that is
 * replaced or removed loses its link, and the ctime of a renamed one changes. If a parent folder is renamed, the
 * listing of a folder above changes, and the reader of the listings calls `close`. Files behind symbolic links, and on file
 * systems with a cache of their own (networks, overlays), are opened each time. At most `most` files are open,
 * and none a second or two after the last request.
 */
export function keepOpen(
  folder: string,
  { files, most }: { readonly files: ConfinedFiles; readonly most: number },
): KeptOpen {
  const recent = new Map<string, RecentFile>();
  const descriptors = new Set<number>();
  let known: BigIntStats | null = null;
  /** The device that the folder is on; null if its files cannot be kept. */
  let device: number | null = null;
  let timer: NodeJS.Timeout | null = null;

  function forget(path: string, { descriptor }: RecentFile): void {
    recent.delete(path);
    if (descriptor === null) return;
    descriptors.delete(descriptor);
    files.closeSync(descriptor);
  }

  function close(): void {
    recent.forEach((file, path) => forget(path, file));
  }

  function closeUnasked(): void {
    const now = files.now();
    recent.forEach((file, path) => {
      if (isOlder(file.askedAt, now)) forget(path, file);
    });
    if (recent.size === 0) timer = null;
    else timer?.refresh();
  }

  /** The descriptor that was kept for the path, if it is that of the file there; null otherwise, and nothing is kept. */
  function current(path: string, before: RecentFile | undefined): number | null {
    if (before === undefined) return null;
    const { openedAt, changedAt, descriptor } = before;
    const now = files.now();
    if (descriptor !== null && !isOlder(openedAt, now)) {
      const state = files.fstatSync(descriptor);
      if (state.nlink > 0 && state.ctimeMs === changedAt) {
        before.askedAt = now;
        return descriptor;
      }
    }
    forget(path, before);
    return null;
  }

  /** Keeps the descriptor, which was opened just now, if the path was asked for a moment ago. */
  function keep(path: string, { descriptor, before }: Opened): void {
    if (recent.size >= most) return;
    const now = files.now();
    const closed = { openedAt: now, askedAt: now, descriptor: null, changedAt: 0 };
    timer ??= setTimeout(closeUnasked, keptMilliseconds).unref();
    recent.set(path, closed);
    if (before === undefined || now - before.askedAt > againWithinMilliseconds) return;
    const state = files.fstatSync(descriptor);
    const isKind = state.isFile() || state.isDirectory();
    if (!isKind || state.dev !== device || now - state.ctimeMs <= tickMilliseconds) return;
    recent.set(path, { ...closed, descriptor, changedAt: state.ctimeMs });
    descriptors.add(descriptor);
  }

  return {
    openSync(path, flags) {
      if (device === null) return files.openSync(path, flags);
      const before = recent.get(path);
      const kept = current(path, before);
      if (kept !== null) return kept;
      const descriptor = files.openUnlinkedSync(path, flags);
      if (descriptor === null) return files.openSync(path, flags);
      keep(path, { descriptor, before });
      return descriptor;
    },
    closeSync(descriptor) {
      if (!descriptors.has(descriptor)) files.closeSync(descriptor);
    },
    stands(path, check) {
      if (device === null) return check();
      const before = recent.get(path);
      if (current(path, before) !== null) return true;
      let descriptor: number | null;
      try {
        descriptor = files.openUnlinkedSync(path, readWithoutWaiting);
      } catch {
        return check();
      }
      if (descriptor === null) return check();
      // Checked after it was opened: in between, another folder may have replaced it.
      const isStanding = check();
      if (isStanding) keep(path, { descriptor, before });
      if (!descriptors.has(descriptor)) files.closeSync(descriptor);
      return isStanding;
    },
    noteFolder(state) {
      if (known !== null && known.ino === state.ino && known.dev === state.dev) return;
      close();
      known = state;
      device = files.isLocalSync(folder) ? Number(state.dev) : null;
    },
    close,
  };
}

interface Opened {
  readonly descriptor: number;
  readonly before: RecentFile | undefined;
}

/** Whether a time is further from now than files are kept, also if the clock was set back. */
function isOlder(at: number, now: number): boolean {
  return Math.abs(now - at) > keptMilliseconds;
}
