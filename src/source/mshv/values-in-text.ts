/** Parses the values of a text whose layout is known. */

const newline = 0x0a;
const tab = 0x09;
const carriageReturn = 0x0d;
const blank = 0x20;
const zero = 0x30;
/** Masks for little-endian words of four bytes. */
const fourZeros = 0x30303030;
/**
 * Added to a word of bytes from 0 to 9, this leaves the upper half of each byte empty; added to any other word, it does
 * not.
 */
const fourSixes = 0x06060606;
const upperHalves = 0xf0f0f0f0;
const evenBytes = 0x00ff00ff;
/**
 * Multiplication by this adds ten times the previous byte to each byte, or a hundred times the previous half word to
 * each half word.
 */
const tenAndOne = 10 * 2 ** 8 + 1;
const hundredAndOne = 100 * 2 ** 16 + 1;
const lowDigits = 9;
const maxDigits = 20;
const billion = 1e9;
const two16 = 2 ** 16;
const two32 = 2 ** 32;
/** The size of a value in bytes. */
export const valueSizeInBytes = 8;

/** The layout of a text. */
export interface TextLayout {
  /** The heads of all lines, the texts before the values, one after another. */
  readonly heads: Uint8Array;
  /** The end of each line's head in `heads`. */
  readonly headEnds: Uint32Array;
}

/**
 * Writes the values of a text of this layout to `values`, as 64 bits each, little-endian. `values` has room for one per
 * line. Returns false if the text has another layout; the contents of `values` are then undefined.
 */
export function readValues(bytes: Uint8Array, { heads, headEnds }: TextLayout, values: DataView): boolean {
  const text = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const expected = new DataView(heads.buffer, heads.byteOffset, heads.byteLength);
  const lines = headEnds.length;
  const end = bytes.length;
  let at = 0;
  let head = 0;
  for (let line = 0; line < lines; line++) {
    const headEnd = headEnds[line] ?? 0;
    const length = headEnd - head;
    const after = at + length;
    // At least one digit and the newline follow the head.
    if (after + 2 > end) return false;
    // Doubles with the same bits are equal. Equal doubles have the same bits except for zeros and NaN, and eight
    // printable characters are neither.
    for (; at + 8 <= after; at += 8, head += 8) {
      if (text.getFloat64(at, true) !== expected.getFloat64(head, true)) return false;
    }
    if (at < after && length >= 8) {
      // Compares the rest together with some bytes that were already compared: one step instead of up to seven.
      if (text.getFloat64(after - 8, true) !== expected.getFloat64(headEnd - 8, true)) return false;
      at = after;
      head = headEnd;
    }
    for (; at < after; at++, head++) if (bytes[at] !== heads[head]) return false;
    while (bytes[at] === blank || bytes[at] === tab) at++;

    const first = at;
    let number = 0;
    // Four digits at a time: four bytes from 0 to 9, then two numbers of two digits, then one of four digits.
    for (; at + 4 <= end; at += 4) {
      const four = text.getUint32(at, true) ^ fourZeros;
      if ((((four + fourSixes) | four) & upperHalves) !== 0) break;
      const twos = (Math.imul(four, tenAndOne) >>> 8) & evenBytes;
      number = number * 10_000 + (Math.imul(twos, hundredAndOne) >>> 16);
    }
    let byte = bytes[at] ?? 0;
    while (at < end) {
      const digit = byte - zero;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      byte = bytes[++at] ?? 0;
    }
    const digits = at - first;
    // Blanks that a tool appended to the number when it copied the text.
    while (byte === blank || byte === tab || byte === carriageReturn) byte = bytes[++at] ?? 0;
    if (digits === 0 || at >= end || byte !== newline) return false;
    at++;
    const offset = line * valueSizeInBytes;
    if (digits <= lowDigits) {
      values.setUint32(offset, number, true);
      values.setUint32(offset + 4, 0, true);
    } else if (number <= Number.MAX_SAFE_INTEGER) {
      const high = Math.floor(number / two32);
      values.setUint32(offset, number - high * two32, true);
      values.setUint32(offset + 4, high, true);
    } else if (digits > maxDigits || !storeLarge({ bytes, first, end: first + digits }, { values, offset })) {
      return false;
    }
  }
  return at === end;
}

/** Stores a number of up to 20 digits, which exceeds the precision of a double. Returns false if it exceeds 64 bits. */
function storeLarge(
  { bytes, first, end }: { readonly bytes: Uint8Array; readonly first: number; readonly end: number },
  { values, offset }: { readonly values: DataView; readonly offset: number },
): boolean {
  const split = end - lowDigits;
  let front = 0;
  for (let at = first; at < split; at++) front = front * 10 + (bytes[at] ?? 0) - zero;
  let rest = 0;
  for (let at = split; at < end; at++) rest = rest * 10 + (bytes[at] ?? 0) - zero;
  // (upper × 2^16 + lower) × 10^9 + rest; each step stays below 2^53.
  const upper = Math.floor(front / two16);
  const low = (front - upper * two16) * billion + rest;
  const high = upper * billion;
  const highRest = high % two16;
  const sum = highRest * two16 + (low % two32);
  const lowHalf = sum % two32;
  const highHalf = (high - highRest) / two16 + Math.floor(low / two32) + Math.floor(sum / two32);
  if (highHalf >= two32) return false;
  values.setUint32(offset, lowHalf, true);
  values.setUint32(offset + 4, highHalf, true);
  return true;
}
