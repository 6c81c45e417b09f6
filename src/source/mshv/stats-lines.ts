/** Reads any text of statistics line by line: slower, and only for a new layout. Writes such texts. */
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
  /** Lines that are no name, colon and number, or a second value under a name that has one. */
  readonly unreadable: number;
}

/** The text before the last colon: printable ASCII, further colons included. */
const headPattern = /^[\t -~]+$/;
/** After the number there may be blanks, or the carriage return of another system, from tools that copy texts. */
const numberPattern = /^[ \t]*(\d{1,20})[ \t\r]*$/;
const blankPattern = /^[ \t\r]*$/;

/**
 * Reads every line of a text. A line without an end is unreadable, since its number may have been cut; a line of white
 * space does not count.
 */
export function readLines({ object, bytes }: StatsText): StatsLines {
  // Latin-1, in which each byte is one character: heads are cut from the bytes by the lengths of texts.
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
      // The name with its prefix and without are one.
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
  /** Characters up to the colon, and the colon itself. */
  readonly headLength: number;
  readonly name: string;
  readonly number: bigint;
}

/** null for a line that is not a name, a colon and a number that 64 bits hold. */
function readLine(line: string): ReadLine | null {
  const colon = line.lastIndexOf(':');
  const head = line.slice(0, Math.max(colon, 0));
  const name = headPattern.test(head) ? head.trim() : '';
  const digits = numberPattern.exec(line.slice(colon + 1))?.[1];
  if (name === '' || digits === undefined) return null;
  const number = BigInt(digits);
  return number > maxUInt64 ? null : { headLength: colon + 1, name, number };
}

/** The widest of the driver's own columns. */
const nameWidth = 43;

/** The text: a line for each counter that the reading carries, then one for each number without a counter. */
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
