/** The files of a capture, to read (store) and to write (sink): in a folder or in a tar, which differ in nothing else. */
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
  /** Throws PAGE_UNAVAILABLE where a frame that was there is gone. */
  assertFrame(name: string): void;
  /** The tree of a frame: its pages, and where an object has none, the text of its counters. */
  frame(name: string): PageTree;
  /** May be called more than once; frames cannot be read afterwards. */
  close(): void;
}

/** What the store of a capture needs. */
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

/** Takes files one after the other. */
export interface CaptureSink {
  /** Resolves when there is room for more. */
  writeFile(file: SunkFile): Promise<void>;
  /** The capture is complete, and gets its final name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** Why nothing can be written there. */
export function unwritable(path: string, thrown: unknown): UsageError {
  return new UsageError([`${path} cannot be written: ${systemErrorReason(thrown)}.`]);
}
