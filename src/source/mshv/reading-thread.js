// @ts-check
/** The thread of a SecondReader: reads its part of a batch of files, and the values in those whose layout is known. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { KeptFiles } from './kept-files.js';
import { maxTextInBytes, readToEnd } from './read-to-end.js';
import { readValues, valueSizeInBytes } from './values-in-text.js';

/**
 * What is to be read. Whoever adds to `next` has so many paths, from what stood there before.
 *
 * @typedef {object} ReadingTask
 * @property {string} paths With NUL between them, which is in no path.
 * @property {Uint8Array} kinds For each path, which of the layouts its text should have.
 * @property {readonly import('./values-in-text.js').TextLayout[]} layouts
 * @property {number} flags How files are opened.
 * @property {boolean} areKept Whether they stay open for the next time.
 * @property {Int32Array} next Of one number, in memory that both threads see.
 * @property {number} step How many are taken at a time.
 * @property {Uint8Array<ArrayBuffer>} values Room, given and given back.
 */

/**
 * What was read.
 *
 * @typedef {object} ReadingResult
 * @property {Int32Array<ArrayBuffer>} found Two numbers for each: which path, and where its values begin. What was taken and could not be read, or has another layout, is missing.
 * @property {Uint8Array<ArrayBuffer>} values Of 64 bits each, little-endian.
 */

const files = { openSync, readSync, closeSync };
const bytes = new Uint8Array(maxTextInBytes);
/** So often those are closed that nobody asks for any more. With the thread all are closed. */
const sweepMilliseconds = 30_000;
/** @type {KeptFiles | undefined} */
let kept;
let sweptAt = performance.now();

parentPort?.on('message', (/** @type {ReadingTask} */ task) => {
  const result = read(task);
  parentPort?.postMessage(result, [result.found.buffer, result.values.buffer]);
});

/**
 * @param {ReadingTask} task
 * @returns {ReadingResult}
 */
function read({ paths, kinds, layouts, flags, areKept, next, step, values: given }) {
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

/**
 * null where it cannot be read: whoever asked reads it once more, and finds the reason.
 *
 * @param {string} path
 * @param {number} flags
 */
function textOf(path, flags) {
  try {
    const end = kept?.read(path, bytes) ?? readToEnd(files, { path, flags, bytes, at: 0 });
    return end === -1 ? null : bytes.subarray(0, end);
  } catch {
    return null;
  }
}
