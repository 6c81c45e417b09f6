/** Text of statistics becomes readings, at the speed of its bytes. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import { valueSizeInBytes, type StatsLayout } from './stats-layout.ts';
import { readLines, type StatsText } from './stats-lines.ts';
import { CellReading } from '../../snapshot/cell-reading.ts';

const newline = 0x0a;
const tab = 0x09;
const blank = 0x20;
const zero = 0x30;
const lowDigits = 9;
const maxDigits = 20;
const billion = 1e9;
const two16 = 2 ** 16;
const two32 = 2 ** 32;

/**
 * Parses one text after the other. All objects of a kind have the same names in the same columns, look after look, so
 * the layout of the last text is held against the next one: bytes are compared, numbers are read in place, and no
 * string is made. A text that does not fit, for whatever reason, is read line by line, and its layout is the next to
 * be held against, unless some of its lines could not be read.
 */
export class StatsParser {
  /** Lines that could not be read so far, in all texts. */
  unreadableLines = 0;
  /** Texts that were parsed so far. */
  texts = 0;
  readonly #layouts = new Map<StatisticsObject, StatsLayout>();

  parse(text: StatsText): CellReading {
    this.texts++;
    const known = this.#layouts.get(text.object);
    const values = known === undefined ? null : valuesIn(text.bytes, known);
    if (known !== undefined && values !== null) return new CellReading(known, values);
    const found = readLines(text);
    this.unreadableLines += found.unreadable;
    if (found.unreadable === 0) this.#layouts.set(text.object, found.layout);
    return new CellReading(found.layout, found.values);
  }
}

/** The values of a text that is laid out just so; null where it is not. */
function valuesIn(bytes: Uint8Array, { heads, headEnds }: StatsLayout): DataView | null {
  const text = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const expected = new DataView(heads.buffer, heads.byteOffset, heads.byteLength);
  const lines = headEnds.length;
  const values = new DataView(new ArrayBuffer(lines * valueSizeInBytes));
  const end = bytes.length;
  let at = 0;
  let head = 0;
  for (let line = 0; line < lines; line++) {
    const headEnd = headEnds[line] ?? 0;
    const length = headEnd - head;
    const after = at + length;
    // Behind the head comes a digit and the newline at the least.
    if (after + 2 > end) return null;
    // Doubles with the same bits are equal, and equal ones have the same bits but for zeros and what is not a number;
    // no eight printable characters are either.
    for (; at + 8 <= after; at += 8, head += 8) {
      if (text.getFloat64(at, true) !== expected.getFloat64(head, true)) return null;
    }
    if (at < after && length >= 8) {
      // The rest together with some of what was compared already: one step in place of up to seven.
      if (text.getFloat64(after - 8, true) !== expected.getFloat64(headEnd - 8, true)) return null;
      at = after;
      head = headEnd;
    }
    for (; at < after; at++, head++) if (bytes[at] !== heads[head]) return null;
    while (bytes[at] === blank || bytes[at] === tab) at++;

    const first = at;
    // Up to nine digits are a whole number of 32 bits, which is reckoned with in half the time.
    let front = 0;
    let byte = bytes[at] ?? 0;
    for (const last = Math.min(at + lowDigits, end); at < last;) {
      const digit = byte - zero;
      if (digit < 0 || digit > 9) break;
      front = (Math.imul(front, 10) + digit) | 0;
      byte = bytes[++at] ?? 0;
    }
    let number = front;
    while (at < end) {
      const digit = byte - zero;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      byte = bytes[++at] ?? 0;
    }
    const digits = at - first;
    if (digits === 0 || at === end || byte !== newline) return null;
    at++;
    const offset = line * valueSizeInBytes;
    if (digits <= lowDigits) values.setUint32(offset, number, true);
    else if (number <= Number.MAX_SAFE_INTEGER) {
      const high = Math.floor(number / two32);
      values.setUint32(offset, number - high * two32, true);
      values.setUint32(offset + 4, high, true);
    } else if (digits > maxDigits || !storeLarge({ bytes, first, end: first + digits }, { values, offset })) {
      return null;
    }
  }
  return at === end ? values : null;
}

/** Where a number stands in a text. */
interface Digits {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly end: number;
}

/** Stores a number of up to 20 digits, which no double holds; false where 64 bits do not hold it either. */
function storeLarge(
  digits: Digits,
  { values, offset }: { readonly values: DataView; readonly offset: number },
): boolean {
  const { bytes, first, end } = digits;
  const split = end - lowDigits;
  let front = 0;
  for (let at = first; at < split; at++) front = front * 10 + (bytes[at] ?? 0) - zero;
  let rest = 0;
  for (let at = split; at < end; at++) rest = rest * 10 + (bytes[at] ?? 0) - zero;
  // (upper × 2^16 + lower) × 10^9 + rest, of which each step stays below 2^53.
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
