/** Reads a text of statistics to its end. */

const newline = 0x0a;
/** A hundred times the size of the longest text. */
export const maxTextInBytes = 1024 * 1024;

/** The functions of node:fs that are used. Each throws what the original throws. */
export interface TextFiles {
  readonly openSync: (path: string, flags: number) => number;
  readonly readSync: (
    descriptor: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    position: number,
  ) => number;
  readonly closeSync: (descriptor: number) => void;
}

/** The destination of a text. */
interface TextTarget {
  readonly bytes: Uint8Array;
  /** Where in `bytes` the text begins. */
  readonly at: number;
}

/** A file, and the destination of its text. */
export interface FileToRead extends TextTarget {
  readonly path: string;
  /** The flags to open it with. */
  readonly flags: number;
}

/** An open file, and the destination of its text. */
export interface OpenFileToRead extends TextTarget {
  readonly descriptor: number;
}

/**
 * Reads a file to its end. Returns the position of the end in the bytes, or -1 if there is no room for all of it or it is
 * longer than any text. Throws what the system throws.
 *
 * Sizes in debugfs are 0, so a file is read until a read returns nothing, or less than there was room for with a newline
 * at its end. The driver's files have one record each (DEFINE_SHOW_ATTRIBUTE in mshv_debugfs.c), which is returned whole
 * if there is room for it (seq_read_iter in fs/seq_file.c); and a plain file that returns less is at its end. So one read
 * is enough for each file, and the cost of a second one is saved.
 */
export function readToEnd(files: TextFiles, { path, flags, bytes, at }: FileToRead): number {
  const descriptor = files.openSync(path, flags);
  try {
    return readOpen(files, { descriptor, bytes, at });
  } finally {
    files.closeSync(descriptor);
  }
}

/** Reads an open file from its beginning, with the same result. */
export function readOpen(
  files: Pick<TextFiles, 'readSync'>,
  { descriptor, bytes, at }: OpenFileToRead,
): number {
  for (let end = at; ;) {
    const room = Math.min(bytes.byteLength, at + maxTextInBytes) - end;
    if (room === 0) return -1;
    const count = files.readSync(descriptor, bytes, end, room, end - at);
    if (count === 0) return end;
    end += count;
    if (count < room && bytes[end - 1] === newline) return end;
  }
}
