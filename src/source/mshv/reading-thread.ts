/** The thread of a SecondReader: reads its part of a batch of files, and the values in those whose layout is known. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { KeptFiles } from './kept-files.ts';
import { maxTextInBytes, readToEnd } from './read-to-end.ts';
import { readValues, valueSizeInBytes, type TextLayout } from './values-in-text.ts';

/** What is to be read. A thread that adds to `next` takes that many paths, from the number that was there before. */
export interface ReadingTask {
  /** With NUL between them, which is in no path. */
  readonly paths: string;
  /** For each path, which of the layouts its text should have. */
  readonly kinds: Uint8Array;
  readonly layouts: readonly TextLayout[];
  /** How files are opened. */
  readonly flags: number;
  /** Whether they stay open for the next time. */
  readonly areKept: boolean;
  /** Of one number, in memory that both threads see. */
  readonly next: Int32Array;
  /** How many are taken at a time. */
  readonly step: number;
  /** Room, given and given back. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** What was read. */
export interface ReadingResult {
  /**
   * Two numbers for each: which path, and where its values begin. What was taken and could not be read, or has another
   * layout, is missing.
   */
  readonly found: Int32Array<ArrayBuffer>;
  /** Of 64 bits each, little-endian. */
  readonly values: Uint8Array<ArrayBuffer>;
}

const files = { openSync, readSync, closeSync };
const bytes = new Uint8Array(maxTextInBytes);
/** How often files that are no longer read are closed. All are closed with the thread. */
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

/** null where it cannot be read: the other thread then reads it again, and finds the reason. */
function textOf(path: string, flags: number): Uint8Array | null {
  try {
    const end = kept?.read(path, bytes) ?? readToEnd(files, { path, flags, bytes, at: 0 });
    return end === -1 ? null : bytes.subarray(0, end);
  } catch {
    return null;
  }
}
