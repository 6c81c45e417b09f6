/** Encodes statistics groups as overlay pages. */
import { type Counter, maxUInt64 } from '../catalogue/counter.ts';
import { countersInPages } from '../catalogue/catalogue.ts';
import { groupsOf, type StatisticsObject, versionMinorOf, type Release } from '../catalogue/group.ts';
import { counterSizeInBytes, endOfPage, headerField, headerSizeInBytes, pageSizeInBytes } from './format.ts';

/** A group to write. Its values have the indexes 1, 2, 3, … */
export interface GroupToEncode {
  readonly type: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly values: readonly bigint[];
}

const maxUInt16 = 0xffff;

/**
 * Encodes groups in this order into 4096 bytes. The rest stays zero, which is the header that ends the list; a
 * completely full page needs none. Throws a RangeError if the groups do not fit or a number does not fit its field.
 */
export function encodePage(groups: readonly GroupToEncode[]): Uint8Array {
  const bytes = new Uint8Array(pageSizeInBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const group of groups) {
    const lengthInBytes = group.values.length * counterSizeInBytes;
    const bytesLeft = pageSizeInBytes - at - headerSizeInBytes;
    if (lengthInBytes > bytesLeft) {
      throw new RangeError(
        `Statistics group ${group.type} needs ${lengthInBytes} bytes, but ${bytesLeft} are left.`,
      );
    }
    if (group.type <= endOfPage)
      throw new RangeError(`Type ${group.type} ends a page; a group's is 2 or more.`);
    writeHeader(view, at, { ...group, lengthInBytes });
    group.values.forEach((value, n) => {
      if (value < 0n || value > maxUInt64) throw new RangeError(`${value} does not fit a 64-bit counter.`);
      view.setBigUint64(at + headerSizeInBytes + n * counterSizeInBytes, value, true);
    });
    at += headerSizeInBytes + lengthInBytes;
  }
  return bytes;
}

function writeHeader(view: DataView, at: number, header: Record<keyof typeof headerField, number>): void {
  for (const field of ['type', 'versionMinor', 'versionMajor', 'lengthInBytes'] as const) {
    const value = header[field];
    if (!Number.isInteger(value) || value < 0 || value > maxUInt16) {
      throw new RangeError(`${field} ${value} does not fit the 16 bits of a group header.`);
    }
    view.setUint16(at + headerField[field], value, true);
  }
}

/** A page of this kind of object in the first release: its groups, with values for all their counters. */
export function encodeCounters(object: StatisticsObject, valueOf: (counter: Counter) => bigint): Uint8Array {
  return encodeRelease({ object, release: 2013 }, valueOf);
}

/** The same in any release. A newer one appends counters to groups, which then have its minor version. */
export function encodeRelease(
  { object, release }: { readonly object: StatisticsObject; readonly release: Release },
  valueOf: (counter: Counter) => bigint,
): Uint8Array {
  const counters = countersInPages(object, release);
  const groups = groupsOf(object).map((group) => ({
    type: group.id,
    versionMajor: group.versionMajor,
    versionMinor: versionMinorOf[release],
    values: valuesInPlaces(
      counters.filter((counter) => counter.group === group.name),
      valueOf,
    ),
  }));
  return encodePage(groups.filter(({ values }) => values.length > 0));
}

/** The values of a group up to its last counter; 0 for indexes without a row in the catalogue. */
function valuesInPlaces(counters: readonly Counter[], valueOf: (counter: Counter) => bigint): bigint[] {
  const length = counters.reduce((most, { index }) => Math.max(most, index ?? 0), 0);
  const values = Array.from({ length }, () => 0n);
  for (const counter of counters) if (counter.index !== null) values[counter.index - 1] = valueOf(counter);
  return values;
}
