/** Where the files of a capture go while it is written: to a folder or to a tar. */
import { UsageError } from '../../errors.ts';
import { systemErrorReason } from '../page-folder/file-system.ts';

/** A file on its way into a capture. */
export interface SunkFile {
  readonly place: string;
  readonly bytes: Uint8Array;
  readonly at: Date;
}

/** Takes files one after the other. */
export interface CaptureSink {
  /** Resolves when there is room for more. */
  writeFile(file: SunkFile): Promise<void>;
  /** The capture is complete, and gets the name that was asked for. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** Why nothing can be written there. */
export function unwritable(path: string, thrown: unknown): UsageError {
  return new UsageError([`${path} cannot be written: ${systemErrorReason(thrown)}.`]);
}
