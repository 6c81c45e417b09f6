/** Reads the files in which the driver prints the statistics of objects. */
import { HvqlError } from '../../errors.ts';
import { objectKey, type ObjectName } from '../../snapshot/object-name.ts';
import { isNotThere, systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { readWithoutWaiting, type FileSystem } from '../page-folder/file-system.ts';
import type { KeptFiles } from './kept-files.ts';
import { maxTextInBytes, readToEnd } from './read-to-end.ts';

/** The name of the only file that is opened in each folder. */
export const statsName = 'stats';

const usualTextInBytes = 64 * 1024;

/** The place of an object's text in a tree of texts, such as "lp/0/stats". */
export function statsPlace(name: ObjectName): string {
  return [objectKey(name), statsName].filter(Boolean).join('/');
}

/** What to do if the kernel denies access: only root may read debugfs, unless it is mounted for others. */
export const accessAdvice =
  'run hvql as root, or as a user that debugfs is mounted for (mount -o remount,uid=… /sys/kernel/debug)';

/** debugfs_locked_down() in fs/debugfs/file.c. Missing permissions give EACCES instead. */
const lockdownAdvice =
  'the kernel is locked down, which keeps debugfs from root as well ' +
  '(/sys/kernel/security/lockdown tells; lockdown= or Secure Boot turns it on)';

/** Reads one file after another into a buffer that it keeps. */
export class StatsFiles {
  readonly #files: FileSystem;
  readonly #kept: KeptFiles | null;
  #bytes = Buffer.allocUnsafeSlow(usualTextInBytes);

  /** `kept` holds the files that may stay open; null if none may. */
  constructor(files: FileSystem, kept: KeptFiles | null = null) {
    this.#files = files;
    this.#kept = kept;
  }

  /**
   * The text of a file, valid until the next one is read. Throws what the system throws, and a RangeError if the file
   * does not end.
   */
  read(path: string): Uint8Array {
    for (;;) {
      const end =
        this.#kept?.read(path, this.#bytes) ??
        readToEnd(this.#files, { path, flags: readWithoutWaiting, bytes: this.#bytes, at: 0 });
      if (end >= 0) return this.#bytes.subarray(0, end);
      const { byteLength } = this.#bytes;
      if (byteLength >= maxTextInBytes) throw new RangeError(`it has ${byteLength} bytes and more`);
      this.#bytes = Buffer.allocUnsafeSlow(byteLength * 2);
    }
  }
}

/** The error that replaces a reading, for what was thrown when the file was read. */
export function statsError(place: string, thrown: unknown): HvqlError {
  if (thrown instanceof RangeError) {
    return unavailable(place, { problem: `is no text of statistics: ${thrown.message}`, reason: 'TOO_LONG' });
  }
  const code = systemErrorCode(thrown);
  if (code === undefined) throw thrown;
  if (isNotThere(thrown)) return unavailable(place, { problem: 'is not there', reason: code });
  // The error for an object that was removed between the opening and the reading.
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

/** PAGE_MALFORMED for a text at this place in which no line is a counter of its object. */
export function withoutCounters(place: string): HvqlError {
  const message = `${place} is no text of statistics: it has no counter in it.`;
  return new HvqlError('PAGE_MALFORMED', message, { page: place, reason: 'NO_COUNTERS' });
}

/** Says why a system call failed, and what to do if permissions are missing. */
export function reasonWithAdvice(thrown: unknown): string {
  const code = systemErrorCode(thrown);
  const reason = systemErrorReason(thrown);
  if (code === 'EPERM') return `${reason}; ${lockdownAdvice}`;
  return code === 'EACCES' ? `${reason}; ${accessAdvice}` : reason;
}
