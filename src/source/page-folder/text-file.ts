/** Reads a text file that somebody else put there. */
import { readWithoutWaiting, type FileSystem } from './file-system.ts';

/** Far more than the largest manifest: 100,000 frames take 9 MB. */
const maxTextInBytes = 64 * 1024 * 1024;

/** The text of a file. Throws what the system throws, and a plain Error where it is no file or far too long. */
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

/** Throws a plain Error for a text that nobody means to be read. */
export function assertTextSize(sizeInBytes: number): void {
  if (sizeInBytes <= maxTextInBytes) return;
  throw new Error(`it has ${sizeInBytes} bytes, and at most ${maxTextInBytes} make sense`);
}
