/** Where a capture lies: in a folder or in a tar, which differ in nothing else. */
import type { PageTree } from '../page-folder/page-tree.ts';

/** The files of a capture. */
export interface CaptureStore {
  /** Text of the manifest. Throws a UsageError where there is none. */
  readManifest(): string;
  hasFrame(name: string): boolean;
  /** Throws PAGE_UNAVAILABLE where a frame that was there is gone. */
  assertFrame(name: string): void;
  /** The tree of pages of a frame. */
  frame(name: string): PageTree;
  /** May be called more than once; frames cannot be read from then on. */
  close(): void;
}

/** Folder of a frame in a capture. */
export function framePlace(name: string): string {
  return `frames/${name}`;
}
