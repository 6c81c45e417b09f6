/** Keeps files open between readings, because finding and opening a file takes three times as long as reading it. */
import { readOpen, type TextFiles } from './read-to-end.ts';

/** The maximum number of open files; a large host has one or two thousand. */
const mostKept = 4_096;

/**
 * For files that are the ones at their path for as long as they can be read, as in debugfs: each reading from the
 * beginning prints the text again (seq_read_iter in fs/seq_file.c), and a file that was removed cannot be read any more
 * (debugfs_file_get in fs/debugfs/file.c), even if there is another one at its path. The old text of a plain file that
 * was replaced could be read forever.
 */
export class KeptFiles {
  readonly #files: TextFiles;
  readonly #flags: number;
  readonly #open = new Map<string, { readonly descriptor: number; isUsed: boolean }>();

  /** Files are opened with `flags`. */
  constructor(files: TextFiles, flags: number) {
    this.#files = files;
    this.#flags = flags;
  }

  /** The number of open files. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Reads a file to its end. Returns where in the bytes that is, or -1 if they have no room for all of it. Throws what
   * the system throws.
   */
  read(path: string, bytes: Uint8Array): number {
    const kept = this.#open.get(path);
    if (kept !== undefined) {
      kept.isUsed = true;
      try {
        const end = readOpen(this.#files, { descriptor: kept.descriptor, bytes, at: 0 });
        if (end !== 0) return end;
      } catch {
        // Opening the file that is at the path now gives the reason.
      }
      this.#forget(path, kept.descriptor);
    }
    return this.#openAndRead(path, bytes);
  }

  /** Closes the files that were not read since the last call, because their object or its subscribers have gone. */
  closeUnused(): void {
    for (const [path, kept] of this.#open) {
      if (!kept.isUsed) this.#forget(path, kept.descriptor);
      kept.isUsed = false;
    }
  }

  /** Closes all files. */
  close(): void {
    for (const [path, { descriptor }] of this.#open) this.#forget(path, descriptor);
  }

  #openAndRead(path: string, bytes: Uint8Array): number {
    const descriptor = this.#files.openSync(path, this.#flags);
    let isKept = false;
    try {
      const end = readOpen(this.#files, { descriptor, bytes, at: 0 });
      isKept = end > 0 && this.#open.size < mostKept;
      if (isKept) this.#open.set(path, { descriptor, isUsed: true });
      return end;
    } finally {
      if (!isKept) this.#files.closeSync(descriptor);
    }
  }

  #forget(path: string, descriptor: number): void {
    this.#open.delete(path);
    this.#files.closeSync(descriptor);
  }
}
