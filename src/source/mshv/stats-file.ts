/** The file of an object's statistics, as the driver prints it when it is read. */
import { HvqlError } from '../../errors.ts';
import { objectKey, type ObjectName } from '../../snapshot/object-name.ts';
import {
  isNotThere,
  readWithoutWaiting,
  systemErrorCode,
  systemErrorReason,
  type FileSystem,
} from '../page-folder/file-system.ts';

/** Name of the one file in each folder that is opened. */
export const statsName = 'stats';

/** A hundred times what the longest has. */
const maxTextInBytes = 1024 * 1024;
const usualTextInBytes = 64 * 1024;
const newline = 0x0a;

/** Where the object's text stands in a tree of texts: "lp/0/stats". */
export function statsPlace(name: ObjectName): string {
  return [objectKey(name), statsName].filter(Boolean).join('/');
}

/** What to do where the kernel does not let us: debugfs is for root alone, unless it is mounted for others. */
export const accessAdvice =
  'run hvql as root, or as a user that debugfs is mounted for (mount -o remount,uid=… /sys/kernel/debug)';

/** Reads such files one after the other into bytes that it keeps. */
export class StatsFiles {
  readonly #files: FileSystem;
  #bytes = Buffer.allocUnsafeSlow(usualTextInBytes);

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /**
   * The text of a file, good until the next one is read. Sizes in debugfs are 0, so it is read until it has ended: that
   * is when nothing more comes, or less than there was room for and no line is cut. The driver's files are of one record
   * each (DEFINE_SHOW_ATTRIBUTE in mshv_debugfs.c), which is given whole where there is room for it (seq_read_iter in
   * fs/seq_file.c); and a plain file that gives less is at its end. So one reading is enough for each file, and most of
   * what a second one would cost is saved. Throws what the system throws, and a RangeError where it has no end.
   */
  read(path: string): Uint8Array {
    const descriptor = this.#files.openSync(path, readWithoutWaiting);
    try {
      for (let length = 0; ;) {
        const room = this.#bytes.byteLength - length;
        const count = this.#files.readSync(descriptor, this.#bytes, length, room, length);
        if (count === 0) return this.#bytes.subarray(0, length);
        length += count;
        if (count < room && this.#bytes[length - 1] === newline) return this.#bytes.subarray(0, length);
        if (length === this.#bytes.byteLength) this.#grow();
      }
    } finally {
      this.#files.closeSync(descriptor);
    }
  }

  #grow(): void {
    const { byteLength } = this.#bytes;
    if (byteLength >= maxTextInBytes) throw new RangeError(`it has ${byteLength} bytes and more`);
    const larger = Buffer.allocUnsafeSlow(byteLength * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

/** Whatever went wrong with the file at a place, as the error that stands in its reading's place. */
export function statsError(place: string, thrown: unknown): HvqlError {
  if (thrown instanceof RangeError) {
    return unavailable(place, { problem: `is no text of statistics: ${thrown.message}`, reason: 'TOO_LONG' });
  }
  const code = systemErrorCode(thrown);
  if (code === undefined) throw thrown;
  if (isNotThere(thrown)) return unavailable(place, { problem: 'is not there', reason: code });
  // What the driver prints for an object that went between the opening and the reading.
  if (code === 'EIO')
    return unavailable(place, { problem: 'is gone: it went while it was read', reason: code });
  return unavailable(place, { problem: `cannot be read: ${reasonWithAdvice(thrown)}`, reason: code });
}

/** PAGE_UNAVAILABLE for the statistics of this place. */
export function unavailable(
  place: string,
  { problem, reason }: { readonly problem: string; readonly reason: string },
): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `${place} ${problem}.`, { page: place, reason });
}

/** Why a system call failed, and what to do where it is a matter of rights. */
export function reasonWithAdvice(thrown: unknown): string {
  const code = systemErrorCode(thrown);
  const reason = systemErrorReason(thrown);
  return code === 'EACCES' || code === 'EPERM' ? `${reason}; ${accessAdvice}` : reason;
}
