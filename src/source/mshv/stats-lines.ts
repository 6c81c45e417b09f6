/** Parses any text of statistics line by line, which is slow and only done for new layouts. Also writes such texts. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import { maxUInt64 } from '../../catalogue/counter.ts';
import { counterOfName, nameOfCounter, StatsLayout, type StatsLine } from './stats-layout.ts';
import { valueSizeInBytes } from './values-in-text.ts';
import { countersOf } from '../../catalogue/catalogue.ts';
import type { Reading } from '../../snapshot/reading.ts';

/** The text of one object. */
export interface StatsText {
  readonly object: StatisticsObject;
  readonly bytes: Uint8Array;
}

/** The content of a text. */
export interface StatsLines {
  readonly layout: StatsLayout;
  readonly values: DataView;
  /** How many lines are not a name, a colon and a number, or repeat a name. */
  readonly unreadable: number;
}

/** The text before the last colon: printable ASCII, which may contain colons. */
const headPattern = /^[\t -~]+$/;
/** Tools that copy texts may append blanks or a carriage return to the number. */
const numberPattern = /^[ \t]*(\d{1,20})[ \t\r]*$/;
const blankPattern = /^[ \t\r]*$/;

/**
 * Parses every line of a text. A last line without a newline is unreadable, because its number may be cut off. Blank
 * lines are ignored.
 */
export function readLines({ object, bytes }: StatsText): StatsLines {
  // In Latin-1 each byte is one character, so that lengths of text are lengths in bytes.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const lines: StatsLine[] = [];
  const numbers: bigint[] = [];
  const taken = new Set<unknown>();
  let unreadable = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const line = end === -1 ? null : text.slice(start, end);
    if (line === null || !blankPattern.test(line)) {
      const read = line === null ? null : readLine(line);
      // A name with the prefix is the same as without it.
      const meaning = read === null ? null : (counterOfName(object, read.name) ?? read.name);
      if (read === null || taken.has(meaning)) unreadable++;
      else {
        taken.add(meaning);
        lines.push({ head: bytes.slice(start, start + read.headLength), name: read.name });
        numbers.push(read.number);
      }
    }
    start = end === -1 ? text.length : end + 1;
  }
  const values = new DataView(new ArrayBuffer(numbers.length * valueSizeInBytes));
  for (const [n, number] of numbers.entries()) values.setBigUint64(n * valueSizeInBytes, number, true);
  return { layout: new StatsLayout(object, lines, unreadable), values, unreadable };
}

interface ReadLine {
  /** The number of characters up to and including the colon. */
  readonly headLength: number;
  readonly name: string;
  readonly number: bigint;
}

/** Returns null if the line is not a name, a colon and a number of 64 bits. */
function readLine(line: string): ReadLine | null {
  const colon = line.lastIndexOf(':');
  const head = line.slice(0, Math.max(colon, 0));
  const name = headPattern.test(head) ? head.trim() : '';
  const digits = numberPattern.exec(line.slice(colon + 1))?.[1];
  if (name === '' || digits === undefined) return null;
  const number = BigInt(digits);
  return number > maxUInt64 ? null : { headLength: colon + 1, name, number };
}

/** The width of the driver's widest column. */
const nameWidth = 43;

/** Formats a reading: one line for each of its counters, then one for each number without a counter. */
export function formatStats(object: StatisticsObject, reading: Reading): Uint8Array {
  const named = countersOf(object).flatMap((counter) => {
    const value = reading.value(counter);
    return value === undefined ? [] : [{ name: nameOfCounter(counter), value }];
  });
  const lines = [...named, ...(reading.unnamed?.() ?? [])].map(
    ({ name, value }) => `${name.padEnd(nameWidth)}: ${value}\n`,
  );
  return Buffer.from(lines.join(''));
}
