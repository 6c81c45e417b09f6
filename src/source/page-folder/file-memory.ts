/** Caches what was read from files and folders until their state shows that they may have changed. */
import type { BigIntStats } from 'node:fs';
import { isNotThere } from '../../lib/system-error.ts';
import type { FileSystem } from './file-system.ts';

/**
 * Two changes within one tick of the file system's clock have the same time, so what was read soon after a change is
 * read again. The slowest such clock (FAT) ticks every 2 seconds.
 */
const settledAfterMilliseconds = 2000;

interface Remembered<T> {
  readonly state: BigIntStats;
  readonly isSettled: boolean;
  readonly content: T;
}

/** One kind of content, by path. Content that has not changed costs a stat, not a read. */
export class FileMemory<T> {
  readonly #files: FileSystem;
  readonly #read: (path: string) => T;
  #remembered = new Map<string, Remembered<T>>();
  #used = new Map<string, Remembered<T>>();

  constructor(files: FileSystem, read: (path: string) => T) {
    this.#files = files;
    this.#read = read;
  }

  /** The current content, undefined if there is nothing at the path. Throws what the system throws. */
  get(path: string): T | undefined {
    try {
      // The state is read first: a change right after it is found the next time.
      const state = this.#files.statSync(path);
      const known = this.#remembered.get(path);
      const entry =
        known?.isSettled === true && isSame(known.state, state) ? known : this.#readEntry(path, state);
      this.#used.set(path, entry);
      return entry.content;
    } catch (thrown) {
      if (isNotThere(thrown)) return undefined;
      throw thrown;
    }
  }

  /** Whether `get` would return the same as before the last `forgetUnused`; false if that is uncertain. */
  stands(path: string): boolean {
    const known = this.#remembered.get(path);
    try {
      const state = this.#files.statSync(path);
      return known?.isSettled === true && isSame(known.state, state);
    } catch (thrown) {
      return known === undefined && isNotThere(thrown);
    }
  }

  /** Forgets what was not used since the last call, so that removed files take no memory. */
  forgetUnused(): void {
    this.#remembered = this.#used;
    this.#used = new Map();
  }

  #readEntry(path: string, state: BigIntStats): Remembered<T> {
    const isSettled = this.#files.now() - Number(state.ctimeMs) > settledAfterMilliseconds;
    return { state, isSettled, content: this.#read(path) };
  }
}

/** The time of change (ctime) cannot be set by hand, unlike that of modification; together they miss nothing. */
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}
