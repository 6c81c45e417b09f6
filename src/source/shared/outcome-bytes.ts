/** Readings and errors as bytes, for another process: pages as pages, readings without pages counter by counter. */
import type { Counter } from '../../catalogue/counter.ts';
import { countersOf } from '../../catalogue/catalogue.ts';
import { HvqlError } from '../../errors.ts';
import { decodePage } from '../../page/decode.ts';
import { pageSizeInBytes } from '../../page/format.ts';
import { pagePlace, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { hvqlErrorOf, recordOf, type ErrorRecord } from './error-record.ts';

const outcomeKinds = { page: 0, values: 1, error: 2 } as const;

/** An object and what came of reading it. */
export interface ReadObject {
  readonly name: ObjectName;
  readonly outcome: Reading | HvqlError | undefined;
}

/** Writes what came of reading an object. */
export function writeOutcome(bytes: ByteWriter, { name, outcome }: ReadObject): void {
  if (outcome === undefined || outcome instanceof HvqlError) {
    bytes.u8(outcomeKinds.error);
    bytes.json(recordOf(outcome ?? new Error('The source gave no outcome.')));
  } else if (outcome.page === null) {
    writeValues(bytes, { name, reading: outcome });
  } else {
    const page = outcome.page.bytes;
    const length = usedLength(page);
    bytes.u8(outcomeKinds.page);
    bytes.u16(length);
    bytes.bytes(page.subarray(0, length));
  }
}

/** Reads what came of reading an object of this name; the page is the reader's own. */
export function readOutcome(bytes: ByteReader, name: ObjectName): Reading | HvqlError {
  const kind = bytes.u8();
  // Written above, by a process of the same program.
  if (kind === outcomeKinds.error) return hvqlErrorOf(bytes.json() as ErrorRecord);
  if (kind === outcomeKinds.values) return readValues(bytes);
  const page = new Uint8Array(pageSizeInBytes);
  page.set(bytes.bytes(bytes.u16()));
  return decodePage(page, { object: name.object, place: pagePlace(name) });
}

/** Most of a page is zeros at its end, which need not be sent. */
function usedLength({ buffer, byteOffset, length: size }: Uint8Array): number {
  // Four bytes at a time; a page that does not stand on a multiple of four is sent as it is.
  if (byteOffset % 4 !== 0 || size % 4 !== 0) return size;
  const words = new Uint32Array(buffer, byteOffset, size / 4);
  let length = words.length;
  while (length > 0 && words[length - 1] === 0) length -= 1;
  return length * 4;
}

function writeValues(bytes: ByteWriter, { name, reading }: { name: ObjectName; reading: Reading }): void {
  const found = countersOf(name.object).flatMap((counter) => {
    const value = reading.value(counter);
    return value === undefined ? [] : [{ slot: counter.slot, value }];
  });
  bytes.u8(outcomeKinds.values);
  bytes.u16(found.length);
  for (const { slot, value } of found) {
    bytes.u16(slot);
    bytes.u64(value);
  }
}

function readValues(bytes: ByteReader): Reading {
  const values = new Map<number, bigint>();
  for (let left = bytes.u16(); left > 0; left--) values.set(bytes.u16(), bytes.u64());
  return { value: ({ slot }: Counter) => values.get(slot), page: null };
}
