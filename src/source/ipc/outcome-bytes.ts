/** Readings and errors as bytes, for another process: pages as pages, other readings as their values and a layout. */
import { countersOf, timesOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { HvqlError } from '../../errors.ts';
import { decodePage } from '../../page/decode.ts';
import { pageSizeInBytes } from '../../page/format.ts';
import { readingInCells } from '../../snapshot/cell-reading.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { pagePlace, statisticsAreas, type ObjectName } from '../../snapshot/object-name.ts';
import type { CellLayout, NamedLayout, PageView, Reading } from '../../snapshot/reading.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { hvqlErrorOf, recordOf, type ErrorRecord } from './error-record.ts';
import { parseLayout, DecodedLayout, type ReceivedLayouts, type SentLayouts } from './layout-bytes.ts';

/** `valuesOfLayout`: the values, and then their layout, which has no number. */
const outcomeKinds = { page: 0, values: 1, error: 2, valuesOfLayout: 3 } as const;
/** A page's area as a number; 0 if it has none. */
const areas = [null, ...statisticsAreas] as const;
const valueSizeInBytes = 8;

/** An object and the outcome of reading it. */
export interface ReadObject {
  readonly name: ObjectName;
  readonly outcome: Reading | HvqlError | undefined;
}

/** Writes the outcome of reading an object. Layouts that the other end does not know are sent before. */
export function writeOutcome(
  { bytes, layouts }: { readonly bytes: ByteWriter; readonly layouts: SentLayouts },
  { name, outcome }: ReadObject,
): void {
  if (outcome === undefined || outcome instanceof HvqlError) {
    bytes.u8(outcomeKinds.error);
    bytes.json(recordOf(outcome ?? new Error('The source gave no outcome.')));
    return;
  }
  if (outcome.page === null) {
    const { layout, values } = valuesOf(name, outcome);
    const found = layouts.find(name.object, layout);
    bytes.u8(typeof found === 'number' ? outcomeKinds.values : outcomeKinds.valuesOfLayout);
    bytes.u32(values.byteLength);
    bytes.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    if (typeof found === 'number') bytes.u8(found);
    else bytes.json(found);
  } else writePage(bytes, outcome.page);
  writeMoment(bytes, outcome.at);
}

/** Reads the outcome of reading an object of this name; it owns its bytes. */
export function readOutcome(
  { bytes, layouts }: { readonly bytes: ByteReader; readonly layouts: ReceivedLayouts },
  name: ObjectName,
): Reading | HvqlError {
  const kind = bytes.u8();
  // Written above, by a process of the same program.
  if (kind === outcomeKinds.error) return hvqlErrorOf(bytes.json() as ErrorRecord);
  if (kind === outcomeKinds.page) {
    const page = readPage(bytes, name);
    const at = readMoment(bytes);
    return at === undefined ? page : Object.assign(page, { at });
  }
  const length = bytes.u32();
  // Copied: a reading that is held must not keep the others of its frame in memory.
  const { buffer } = new Uint8Array(bytes.bytes(length));
  const layout = kind === outcomeKinds.values ? layouts.at(bytes.u8()) : parseLayout(bytes.json() as string);
  return readingInCells({ layout, view: new DataView(buffer) }, readMoment(bytes));
}

function writePage(bytes: ByteWriter, { bytes: page, area = null }: PageView): void {
  const length = usedLength(page);
  bytes.u8(outcomeKinds.page);
  bytes.u8(areas.indexOf(area));
  bytes.u16(length);
  bytes.bytes(page.subarray(0, length));
}

function readPage(bytes: ByteReader, name: ObjectName): Reading {
  const area = areas[bytes.u8()] ?? null;
  const page = new Uint8Array(pageSizeInBytes);
  page.set(bytes.bytes(bytes.u16()));
  return decodePage(page, { object: name.object, place: pagePlace(name, area), area });
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

/** Values in memory, and the layout that gives the offset of each. */
interface LaidOutValues {
  readonly layout: NamedLayout;
  readonly values: DataView;
}

/** The values where they are in memory already, or laid out here. */
function valuesOf(name: ObjectName, reading: Reading): LaidOutValues {
  const inMemory = reading.cells;
  if (inMemory !== undefined) return { layout: namedLayoutOf(inMemory.layout), values: inMemory.view };
  const values: bigint[] = [];
  /** Appends the value, and returns its offset. */
  const place = (value: bigint): number => (values.push(value) - 1) * valueSizeInBytes;
  const placed = (counters: readonly Counter[], valueOf: (counter: Counter) => bigint | undefined) =>
    counters.flatMap((counter) => {
      const value = valueOf(counter);
      return value === undefined ? [] : [[counter.slot, place(value)] as const];
    });
  const layout = new DecodedLayout({
    object: name.object,
    counters: placed(countersOf(name.object), (counter) => reading.value(counter)),
    bases:
      reading.base === undefined ? [] : placed(timesOf(name.object), (counter) => reading.base?.(counter)),
    unnamed: (reading.unnamed?.() ?? []).map((each) => ({ name: each.name, offset: place(each.value) })),
  });
  const cells = new DataView(new ArrayBuffer(values.length * valueSizeInBytes));
  for (const [n, value] of values.entries()) cells.setBigUint64(n * valueSizeInBytes, value, true);
  return { layout, values: cells };
}

const namedLayouts = new WeakMap<CellLayout, NamedLayout>();

/** The layout, without further names if it has none: one object for each layout. */
export function namedLayoutOf(layout: CellLayout): NamedLayout {
  if (isNamed(layout)) return layout;
  let named = namedLayouts.get(layout);
  if (named === undefined) {
    named = { unnamed: [], offsetOf: (counter) => layout.offsetOf(counter) };
    namedLayouts.set(layout, named);
  }
  return named;
}

function isNamed(layout: CellLayout): layout is NamedLayout {
  return 'unnamed' in layout;
}

/** undefined for a reading that has the moment of its snapshot. */
export function writeMoment(bytes: ByteWriter, at: Moment | undefined): void {
  bytes.u8(at === undefined ? 0 : 1);
  if (at === undefined) return;
  bytes.double(at.wallMilliseconds);
  bytes.i64(at.monotonicNanoseconds);
}

export function readMoment(bytes: ByteReader): Moment | undefined {
  if (bytes.u8() === 0) return undefined;
  return { wallMilliseconds: bytes.double(), monotonicNanoseconds: bytes.i64() };
}
