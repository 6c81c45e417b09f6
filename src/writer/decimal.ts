/** Writes a u64 as decimal digits from its two halves, without allocating a bigint or a string. */

/** Digits of the largest u64. */
export const longestDecimal = 20;

const halfRange = 0x1_0000_0000;
const quarterRange = 0x1_0000;
/** Digits are written in parts of eight, which consist of two groups of four. */
const partRange = 100_000_000;
const groupRange = 10_000;

/** The four digits of every number below 10,000, with leading zeros, as little-endian words. */
const groupWords = (() => {
  // Not a Uint32Array: noUncheckedIndexedAccess would require a branch, and a heap number, for each element.
  const words = new DataView(new ArrayBuffer(groupRange * 4));
  for (let n = 0; n < groupRange; n += 1) {
    const text = String(n).padStart(4, '0');
    for (let digit = 0; digit < 4; digit += 1) words.setUint8(n * 4 + digit, text.charCodeAt(digit));
  }
  return words;
})();

/**
 * Writes the number with the given halves, each from 0 to 2^32-1, and returns the offset of the next byte. Long numbers,
 * which are rare, have a function of their own, so that this one stays small enough for V8 to inline it, with the
 * functions that it calls, into the loop over counters.
 */
export function writeDecimal(view: DataView, at: number, high: number, low: number): number {
  if (high === 0 && low < partRange) return writeShort(view, at, low);
  if (high >= 0x20_0000) return writeLong(view, at, high, low);
  // Below 2^53: exact as a number.
  const value = high * halfRange + low;
  const upper = value < partRange ? 0 : Math.floor(value / partRange);
  const after = writeShort(view, at, upper === 0 ? value : upper);
  return upper === 0 ? after : writePart(view, after, value - upper * partRange);
}

/** Long division, 16 bits at a time: each step stays below 2^53. */
function writeLong(view: DataView, at: number, high: number, low: number): number {
  const highQuotient = Math.floor(high / partRange);
  const first = (high - highQuotient * partRange) * quarterRange + (low >>> 16);
  const firstQuotient = Math.floor(first / partRange);
  const second = (first - firstQuotient * partRange) * quarterRange + (low & 0xffff);
  const secondQuotient = Math.floor(second / partRange);
  const upper = highQuotient * halfRange + firstQuotient * quarterRange + secondQuotient;
  const top = Math.floor(upper / partRange);
  const after =
    top === 0
      ? writeShort(view, at, upper)
      : writePart(view, writeShort(view, at, top), upper - top * partRange);
  return writePart(view, after, second - secondQuotient * partRange);
}

/** A whole number below 10^8 without leading zeros. */
function writeShort(view: DataView, at: number, number: number): number {
  const value = number | 0;
  if (value < groupRange) return writeGroup(view, at, value);
  const upper = (value / groupRange) | 0;
  const next = writeGroup(view, at, upper);
  view.setUint32(next, groupWords.getUint32((value - upper * groupRange) * 4, true), true);
  return next + 4;
}

/** A whole number below 10^8 as eight digits. */
function writePart(view: DataView, at: number, number: number): number {
  const value = number | 0;
  const upper = (value / groupRange) | 0;
  view.setUint32(at, groupWords.getUint32(upper * 4, true), true);
  view.setUint32(at + 4, groupWords.getUint32((value - upper * groupRange) * 4, true), true);
  return at + 8;
}

/** A number below 10^4 without leading zeros: its digits are the last bytes of the word. */
function writeGroup(view: DataView, at: number, value: number): number {
  const digits = value < 10 ? 1 : value < 100 ? 2 : value < 1_000 ? 3 : 4;
  view.setUint32(at, groupWords.getUint32(value * 4, true) >>> ((4 - digits) * 8), true);
  return at + digits;
}
