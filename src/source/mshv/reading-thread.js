// @ts-check
/** The thread of a SecondReader: reads its part of a batch of files into bytes that go to and fro. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { maxTextInBytes, readToEnd } from './read-to-end.js';

/**
 * What is to be read. Whoever adds to `next` has so many paths, from what stood there before.
 *
 * @typedef {object} ReadingTask
 * @property {string} paths With NUL between them, which is in no path.
 * @property {number} flags How they are opened.
 * @property {Int32Array} next Of one number, in memory that both threads see.
 * @property {number} step How many are taken at a time.
 * @property {Uint8Array<ArrayBuffer>} bytes Given, and given back.
 */

/**
 * What was read.
 *
 * @typedef {object} ReadingResult
 * @property {Int32Array<ArrayBuffer>} texts Three numbers for each: which path, where in the bytes its text begins, where it ends. A path that was taken and could not be read is missing.
 * @property {Uint8Array<ArrayBuffer>} bytes
 */

/** What all texts of a part may have together; whoever finds no room is missing. */
const maxSizeInBytes = 16 * 1024 * 1024;
const files = { openSync, readSync, closeSync };

parentPort?.on('message', (/** @type {ReadingTask} */ task) => {
  const result = read(task);
  parentPort?.postMessage(result, [result.texts.buffer, result.bytes.buffer]);
});

/**
 * @param {ReadingTask} task
 * @returns {ReadingResult}
 */
function read({ paths, flags, next, step, bytes: given }) {
  let bytes = given;
  const places = paths.split('\0');
  const texts = new Int32Array(places.length * 3);
  let numbers = 0;
  let at = 0;
  for (let from = Atomics.add(next, 0, step); from < places.length; from = Atomics.add(next, 0, step)) {
    const to = Math.min(from + step, places.length);
    for (let n = from; n < to;) {
      const end = endOf({ path: places[n] ?? '', flags, bytes, at });
      const isFull = bytes.byteLength - at < maxTextInBytes;
      if (end === -1 && isFull && bytes.byteLength < maxSizeInBytes) {
        bytes = larger(bytes);
        continue;
      }
      if (end >= 0) {
        texts.set([n, at, end], numbers);
        numbers += 3;
        at = end;
      }
      n++;
    }
  }
  return { texts: texts.slice(0, numbers), bytes };
}

/**
 * -2 where it cannot be read: whoever asked reads it once more, and finds the reason.
 *
 * @param {import('./read-to-end.js').Wanted} wanted
 */
function endOf(wanted) {
  try {
    return readToEnd(files, wanted);
  } catch {
    return -2;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
function larger(bytes) {
  const doubled = new Uint8Array(bytes.byteLength * 2);
  doubled.set(bytes);
  return doubled;
}
