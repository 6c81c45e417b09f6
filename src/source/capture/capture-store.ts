/** The files of a capture, for reading (store) and for writing (sink), in a folder or in a tar with the same tree. */
import type { StatsParser } from '../mshv/stats-parser.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import type { FileSystem } from '../page-folder/file-system.ts';
import type { PageTree } from '../page-folder/page-tree.ts';
import type { CaptureManifest } from './frame.ts';
import { UsageError } from '../../errors.ts';

/** The files of a capture. */
export interface CaptureStore {
  /**
   * The manifest as it is now, the same object for as long as nothing in it changes; undefined if there is no manifest.
   * Throws a UsageError that says what is wrong with it.
   */
  manifest(): CaptureManifest | undefined;
  hasFrame(name: string): boolean;
  /** Throws PAGE_UNAVAILABLE if a frame has been removed. */
  assertFrame(name: string): void;
  /** The tree of a frame: its pages, and for objects without a page, the text of the counters. */
  frame(name: string): PageTree;
  /** May be called more than once; frames cannot be read afterwards. */
  close(): void;
}

/** The dependencies of the store of a capture. */
export interface StoreTools {
  readonly files: FileSystem;
  readonly parser: StatsParser;
}

/** Folder of a frame in a capture. */
export function framePlace(name: string): string {
  return `frames/${name}`;
}

/** A file to be written to a capture. */
export interface SunkFile {
  readonly place: string;
  readonly bytes: Uint8Array;
  readonly at: Date;
}

/** Writes files one after the other. */
export interface CaptureSink {
  /** Resolves when there is room for more. */
  writeFile(file: SunkFile): Promise<void>;
  /** Completes the capture, and gives it its final name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** The error of a path that cannot be written. */
export function unwritable(path: string, thrown: unknown): UsageError {
  return new UsageError([`${path} cannot be written: ${systemErrorReason(thrown)}.`]);
}
