/** A reading that takes only the bytes of its counters: about 1,700 of the 4096 of a page. */
import { countersOf } from '../catalogue/catalogue.ts';
import type { Counter } from '../catalogue/counter.ts';
import type { StatisticsObject } from '../catalogue/group.ts';
import type { Moment } from './moment.ts';
import type { CellLayout, CounterCells, Reading } from './reading.ts';

const bytesPerCounter = 8;
/** The approximate size of a reading without the bytes of its counters: itself, its view, and two list entries. */
const overheadBytes = 250;
/** The approximate size of a reading that is not in memory as cells. */
const valuesBytes = 2_000;

/** The approximate memory that a reading takes as it was read. */
export function memoryInBytesOf({ cells }: Reading): number {
  return overheadBytes + (cells?.view.byteLength ?? valuesBytes);
}

/** The counters of a page, without the page. */
export class PackedReading implements Reading, CounterCells {
  readonly page = null;
  readonly layout: CellLayout;
  readonly view: DataView;
  readonly at?: Moment;

  constructor({ layout, view }: CounterCells, at: Moment | undefined) {
    this.layout = layout;
    this.view = view;
    if (at !== undefined) this.at = at;
  }

  get cells(): CounterCells {
    return this;
  }

  value(counter: Counter): bigint | undefined {
    const offset = this.layout.offsetOf(counter);
    return offset === -1 ? undefined : this.view.getBigUint64(offset, true);
  }
}

/** Headers of groups, and counters without a name behind those with one. */
const mostSpareBytes = 128;

/** Where the last counter ends, by layout. The rest of a page is not needed. */
const ends = new WeakMap<CellLayout, number>();

function endOf(layout: CellLayout, object: StatisticsObject): number {
  let end = ends.get(layout);
  if (end === undefined) {
    end = 0;
    for (const counter of countersOf(object)) end = Math.max(end, layout.offsetOf(counter) + bytesPerCounter);
    ends.set(layout, end);
  }
  return end;
}

/** The maximum memory of other copies that one stored copy keeps alive. */
const sharedBytes = 16_384;

/** Shared memory for copies that are created and dropped together: allocating memory for each takes longer than copying. */
export class CopyMemory {
  readonly #chunkBytes: number;
  #bytes = new Uint8Array();
  #used = 0;

  constructor(chunkBytes = sharedBytes) {
    this.#chunkBytes = chunkBytes;
  }

  copy(view: DataView, length: number): DataView {
    if (this.#used + length > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(this.#chunkBytes, length));
      this.#used = 0;
    }
    const start = this.#used;
    this.#bytes.set(new Uint8Array(view.buffer, view.byteOffset, length), start);
    // Copies begin at whole words.
    this.#used = Math.ceil((start + length) / bytesPerCounter) * bytesPerCounter;
    return new DataView(this.#bytes.buffer, start, length);
  }
}

/**
 * The reading with a copy of its counters in place of its page. Readings that are not of a page, or have clocks of
 * their own, are returned unchanged. Without a shared memory each copy has its own, so that holding one holds no others.
 */
export function packed(reading: Reading, object: StatisticsObject, memory = new CopyMemory(0)): Reading {
  const { page, cells, at } = reading;
  if (page === null || cells === undefined || reading.base !== undefined) return reading;
  const { view, layout } = cells;
  if (isSmall(view, endOf(layout, object))) return new PackedReading({ layout, view }, at);
  return new PackedReading({ layout, view: memory.copy(view, endOf(layout, object)) }, at);
}

/** Whether the reading's own memory holds little more than its counters, so that a copy would save nothing. */
function isSmall({ buffer, byteLength }: DataView, end: number): boolean {
  return buffer.byteLength === byteLength && byteLength <= end + mostSpareBytes;
}
