/** Reads a page file, which may be anything and may change at any moment. */
import type { Stats } from 'node:fs';
import { HvqlError } from '../../errors.ts';
import { decodePage, PageRoom, wrongSize, type OverlayPage, type PageOrigin } from '../../page/decode.ts';
import { pageSizeInBytes } from '../../page/format.ts';
import { isNotThere, systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { readWithoutWaiting, type FileSystem } from './file-system.ts';

/** A page file: its path, and what to call it in messages, which never show the path. */
export interface PageFile {
  readonly path: string;
  readonly origin: PageOrigin;
  /** The page that was read from this file before, in the same origin; null where nothing was read before. */
  known: OverlayPage | null;
}

/**
 * Reads and decodes a page file into bytes of its own; returns the known page if the file has the same bytes, which
 * costs a comparison instead of 4 KB outside of the heap. Throws PAGE_UNAVAILABLE if there is no such file, it cannot be
 * read or is a pipe, a folder, a device; PAGE_MALFORMED if it is not a statistics page.
 */
export function readPageFile(file: PageFile, files: FileSystem): OverlayPage {
  let descriptor: number | undefined;
  try {
    descriptor = files.openSync(file.path, readWithoutWaiting);
    if (readIfOnePage(descriptor, files)) return pageInRoom(file);
    const state = files.fstatSync(descriptor);
    if (!state.isFile())
      throw unavailable(file.origin, {
        problem: `is ${describeKind(state)}, not a file`,
        reason: 'NOT_A_FILE',
      });
    return decodePage(readWholePage(descriptor, { state, origin: file.origin, files }), file.origin);
  } catch (thrown) {
    throw pageError(file.origin, thrown);
  } finally {
    if (descriptor !== undefined) files.closeSync(descriptor);
  }
}

/** The error in place of a page, for what was thrown by reading it. */
export function pageError(origin: PageOrigin, thrown: unknown): HvqlError {
  if (thrown instanceof HvqlError) return thrown;
  const code = systemErrorCode(thrown);
  if (code === undefined) throw thrown;
  if (isNotThere(thrown)) return unavailable(origin, { problem: 'is not there', reason: code });
  return unavailable(origin, { problem: `cannot be read: ${systemErrorReason(thrown)}`, reason: code });
}

/** PAGE_UNAVAILABLE for this page, with its place and the problem. */
export function unavailable(
  origin: PageOrigin,
  { problem, reason }: { readonly problem: string; readonly reason: string },
): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `${origin.place} ${problem}.`, { page: origin.place, reason });
}

const room = new PageRoom();

/**
 * Whether the file has exactly the bytes of a page, as nearly all have: then they are in `room`. Other files are examined
 * further. Reading what is not a file from a position fails (ESPIPE), or gives another number of bytes, and consumes
 * nothing.
 */
function readIfOnePage(descriptor: number, files: FileSystem): boolean {
  try {
    return files.readSync(descriptor, room.bytes, 0, room.bytes.byteLength, 0) === pageSizeInBytes;
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return false;
  }
}

function pageInRoom({ origin, known }: PageFile): OverlayPage {
  return known !== null && room.has(known) ? known : room.decode(origin);
}

interface OpenPage {
  readonly state: Stats;
  readonly origin: PageOrigin;
  readonly files: FileSystem;
}

function readWholePage(descriptor: number, { state, origin, files }: OpenPage): Uint8Array {
  // Not from Buffer's pool: a reading that is held must not keep the bytes of seven others in memory.
  const bytes = Buffer.allocUnsafeSlow(pageSizeInBytes);
  const found = fill(bytes, (rest, at) => files.readSync(descriptor, rest, 0, rest.byteLength, at));
  if (state.size === pageSizeInBytes && found === pageSizeInBytes) return bytes;
  // Some file systems report the size 0 for all files, so the bytes that can be read count, and one byte beyond the page.
  const beyond =
    found < pageSizeInBytes ? 0 : files.readSync(descriptor, Buffer.alloc(1), 0, 1, pageSizeInBytes);
  if (found + beyond === pageSizeInBytes) return bytes;
  throw wrongSize(origin, beyond === 0 ? found : Math.max(state.size, found + beyond));
}

/** Fills the bytes with as many reads as necessary, and returns how many there were. */
export function fill(bytes: Uint8Array, read: (rest: Uint8Array, at: number) => number): number {
  let filled = 0;
  while (filled < bytes.byteLength) {
    const count = read(bytes.subarray(filled), filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

function describeKind(state: Stats): string {
  if (state.isDirectory()) return 'a folder';
  if (state.isFIFO()) return 'a named pipe';
  return 'a device';
}
