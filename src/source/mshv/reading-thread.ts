/** The thread of a SecondReader. It reads its part of a batch of files, and parses those whose layout is known. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { KeptFiles } from './kept-files.ts';
import { maxTextInBytes, readToEnd } from './read-to-end.ts';
import { readValues, valueSizeInBytes, type TextLayout } from './values-in-text.ts';

/** The batch to read. A thread takes paths by adding their number to `next`; the first one is at the previous value. */
export interface ReadingTask {
  /** The paths, separated by NUL, which no path contains. */
  readonly paths: string;
  /** For each path, the index of the expected layout of its text. */
  readonly kinds: Uint8Array;
  readonly layouts: readonly TextLayout[];
  /** The flags to open files with. */
  readonly flags: number;
  /** Whether files stay open for the next batch. */
  readonly areKept: boolean;
  /** The index of the next path, in memory shared by both threads. */
  readonly next: Int32Array;
  /** How many paths a thread takes at a time. */
  readonly step: number;
  /** A buffer for the values, transferred to the thread and back. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** The result of a batch. */
export interface ReadingResult {
  /**
   * Two numbers for each file: the index of its path, and the start of its values. Files that could not be read or have
   * another layout are missing.
   */
  readonly found: Int32Array<ArrayBuffer>;
  /** The values, of 64 bits each, little-endian. */
  readonly values: Uint8Array<ArrayBuffer>;
}

const files = { openSync, readSync, closeSync };
const bytes = new Uint8Array(maxTextInBytes);
/** How often files that are no longer read are closed. All files are closed when the thread ends. */
const sweepMilliseconds = 30_000;
let kept: KeptFiles | undefined;
let sweptAt = performance.now();

parentPort?.on('message', (task: ReadingTask) => {
  const result = read(task);
  parentPort?.postMessage(result, [result.found.buffer, result.values.buffer]);
});

function read(task: ReadingTask): ReadingResult {
  const { paths, kinds, layouts, flags, areKept, next, step, values: given } = task;
  if (areKept) kept ??= new KeptFiles(files, flags);
  if (performance.now() - sweptAt > sweepMilliseconds) {
    kept?.closeUnused();
    sweptAt = performance.now();
  }
  const places = paths.split('\0');
  const sizes = layouts.map(({ headEnds }) => headEnds.length * valueSizeInBytes);
  const room = kinds.reduce((sum, kind) => sum + (sizes[kind] ?? 0), 0);
  const values = given.byteLength < room ? new Uint8Array(room) : given;
  const found = new Int32Array(places.length * 2);
  let count = 0;
  let at = 0;
  for (let from = Atomics.add(next, 0, step); from < places.length; from = Atomics.add(next, 0, step)) {
    const to = Math.min(from + step, places.length);
    for (let n = from; n < to; n++) {
      const kind = kinds[n] ?? 0;
      const layout = layouts[kind];
      const size = sizes[kind] ?? 0;
      const text = textOf(places[n] ?? '', flags);
      if (layout === undefined || text === null) continue;
      if (!readValues(text, layout, new DataView(values.buffer, at, size))) continue;
      found.set([n, at], count);
      count += 2;
      at += size;
    }
  }
  return { found: found.slice(0, count), values };
}

/** Returns null if the file cannot be read. The calling thread then reads it again and finds the reason. */
function textOf(path: string, flags: number): Uint8Array | null {
  try {
    const end = kept?.read(path, bytes) ?? readToEnd(files, { path, flags, bytes, at: 0 });
    return end === -1 ? null : bytes.subarray(0, end);
  } catch {
    return null;
  }
}
