/** The file of an object's statistics, as the driver prints it when it is read. */
import { HvqlError } from '../../errors.ts';
import { objectKey, type ObjectName } from '../../snapshot/object-name.ts';
import { isNotThere, systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { readWithoutWaiting, type FileSystem } from '../page-folder/file-system.ts';
import type { KeptFiles } from './kept-files.ts';
import { maxTextInBytes, readToEnd } from './read-to-end.ts';

/** Name of the one file in each folder that is opened. */
export const statsName = 'stats';

const usualTextInBytes = 64 * 1024;

/** Where the object's text stands in a tree of texts: "lp/0/stats". */
export function statsPlace(name: ObjectName): string {
  return [objectKey(name), statsName].filter(Boolean).join('/');
}

/** What to do where the kernel does not let us: debugfs is for root alone, unless it is mounted for others. */
export const accessAdvice =
  'run hvql as root, or as a user that debugfs is mounted for (mount -o remount,uid=… /sys/kernel/debug)';

/** debugfs_locked_down() in fs/debugfs/file.c; a matter of rights would be EACCES. */
const lockdownAdvice =
  'the kernel is locked down, which keeps debugfs from root as well ' +
  '(/sys/kernel/security/lockdown tells; lockdown= or Secure Boot turns it on)';

/** Reads such files one after the other into bytes that it keeps. */
export class StatsFiles {
  readonly #files: FileSystem;
  readonly #kept: KeptFiles | null;
  #bytes = Buffer.allocUnsafeSlow(usualTextInBytes);

  /** `kept` where they may stay open. */
  constructor(files: FileSystem, kept: KeptFiles | null = null) {
    this.#files = files;
    this.#kept = kept;
  }

  /**
   * The text of a file, good until the next one is read. Throws what the system throws, and a RangeError where it has no
   * end.
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

/** The error in place of a reading, for what was thrown by reading the file at a place. */
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

/** PAGE_MALFORMED for a text at this place in which no line is a counter of its object. */
export function withoutCounters(place: string): HvqlError {
  const message = `${place} is no text of statistics: it has no counter in it.`;
  return new HvqlError('PAGE_MALFORMED', message, { page: place, reason: 'NO_COUNTERS' });
}

/** Why a system call failed, and what to do where it is a matter of rights. */
export function reasonWithAdvice(thrown: unknown): string {
  const code = systemErrorCode(thrown);
  const reason = systemErrorReason(thrown);
  if (code === 'EPERM') return `${reason}; ${lockdownAdvice}`;
  return code === 'EACCES' ? `${reason}; ${accessAdvice}` : reason;
}
