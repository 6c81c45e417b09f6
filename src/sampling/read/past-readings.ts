/** Settled readings of one object, stored as one whole reading and differences from it: a tenth of the memory. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import { CellReading, readingInCells } from '../../snapshot/cell-reading.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { PastMoment } from '../../snapshot/past.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { applyDelta, mostDeltaBytes, wordSizeInBytes, writeDelta } from '../../snapshot/cell-delta.ts';
import { packed, PackedReading } from '../../snapshot/packed-reading.ts';

/** What all readings of one snapshot share. */
export interface HeldSnapshot extends PastMoment {
  readonly absencesBefore: number;
}

/** The approximate memory of such a list without its bytes and of one reading in it. */
const overheadBytes = 500;
const bytesOfEntry = 24;
const bytesOfMoment = 120;
/** The maximum size of a difference, as a share of a whole reading; a larger one begins a new list. */
const largestDelta = 1 / 4;
const mostReadings = 1_024;
const firstCapacity = 256;

/** A buffer for differences whose length is not known yet. One for all, because encoding is synchronous. */
let scratch = newScratch(8_192);
const noBytes = new Uint8Array();
let lastCopy = noBytes;

/** Readings with one layout, oldest first. Each is read in one step. Readings are only added: responses refer to it. */
export class PastReadings {
  /** The layout of its readings. */
  readonly snapshots: HeldSnapshot[] = [];
  /** The reading that the others are differences from. */
  readonly #base: CellReading | PackedReading;
  #bytes = noBytes;
  /** The end of the difference of each reading. */
  readonly #ends: number[] = [];
  /** The readings' own times; null if no reading has its own time. */
  #moments: (Moment | undefined)[] | null = null;

  private constructor(base: CellReading | PackedReading) {
    this.#base = base;
  }

  /** A list that begins with this reading; null if it is not in memory as words. */
  static from(reading: Reading, { object, snapshot }: { object: StatisticsObject; snapshot: HeldSnapshot }) {
    const small = packed(reading, object);
    if (!(small instanceof CellReading) && !(small instanceof PackedReading)) return null;
    if (small.view.byteLength % wordSizeInBytes !== 0) return null;
    // A packed reading may share its memory with others, which end sooner.
    const past = new PastReadings(withView(small, copyOf(small.view)));
    past.#append(snapshot, { difference: noBytes, at: reading.at });
    return past;
  }

  get length(): number {
    return this.snapshots.length;
  }

  /** The approximate memory that it takes. */
  get memoryInBytes(): number {
    const bytes = overheadBytes + this.#base.view.byteLength + this.#bytes.byteLength;
    return bytes + this.length * (this.#moments === null ? bytesOfEntry : bytesOfEntry + bytesOfMoment);
  }

  /** Appends a reading. Returns false for a reading with another layout, or one that is too different. */
  add(snapshot: HeldSnapshot, reading: Reading): boolean {
    const { cells } = reading;
    const base = this.#base.view;
    const { byteLength } = base;
    if (cells?.layout !== this.#base.layout || this.length >= mostReadings) return false;
    if (cells.view.byteLength < byteLength) return false;
    const words = byteLength / wordSizeInBytes;
    const most = mostDeltaBytes(words);
    if (scratch.view.byteLength < most) scratch = newScratch(most);
    const length = writeDelta(scratch.view, { base, view: cells.view, words });
    if (length > byteLength * largestDelta) return false;
    this.#append(snapshot, { difference: scratch.bytes.subarray(0, length), at: reading.at });
    return true;
  }

  /** A copy of the reading with this index. */
  reading(n: number): Reading {
    return this.#readingIn(copyOf(this.#base.view), n);
  }

  /** The same in memory that the next call overwrites. */
  readingForNow(n: number): Reading {
    const { buffer, byteOffset, byteLength } = this.#base.view;
    if (lastCopy.byteLength !== byteLength) lastCopy = new Uint8Array(byteLength);
    lastCopy.set(new Uint8Array(buffer, byteOffset, byteLength));
    return this.#readingIn(new DataView(lastCopy.buffer), n);
  }

  #readingIn(view: DataView, n: number): Reading {
    const { buffer, byteLength } = this.#bytes;
    const place = { start: this.#ends[n - 1] ?? 0, end: this.#ends[n] ?? 0 };
    applyDelta(view, new DataView(buffer, 0, byteLength), place);
    return withView(this.#base, view, this.#moments?.[n]);
  }

  /** A list of the readings for which `isKept` is true; it is called with the index of each, in their order. */
  only(isKept: (n: number) => boolean): PastReadings {
    const kept: number[] = [];
    for (let n = 0; n < this.length; n += 1) if (isKept(n)) kept.push(n);
    if (kept.length === this.length) return this;
    const fewer = new PastReadings(this.#base);
    fewer.#resize(kept.reduce((sum, n) => sum + (this.#ends[n] ?? 0) - (this.#ends[n - 1] ?? 0), 0));
    for (const n of kept) {
      const snapshot = this.snapshots[n];
      if (snapshot === undefined) continue;
      const difference = this.#bytes.subarray(this.#ends[n - 1] ?? 0, this.#ends[n]);
      fewer.#append(snapshot, { difference, at: this.#moments?.[n] });
    }
    return fewer;
  }

  /** Releases memory that was reserved for further readings. */
  seal(): void {
    this.#resize(this.#ends.at(-1) ?? 0);
  }

  #append(
    snapshot: HeldSnapshot,
    { difference, at }: { readonly difference: Uint8Array; readonly at: Moment | undefined },
  ): void {
    const start = this.#ends.at(-1) ?? 0;
    const end = start + difference.length;
    const { byteLength } = this.#bytes;
    if (byteLength < end) this.#resize(Math.max(firstCapacity, end, Math.ceil(byteLength * 1.5)));
    if (difference.length > 0) this.#bytes.set(difference, start);
    this.#ends.push(end);
    if (at !== undefined || this.#moments !== null) {
      this.#moments ??= new Array<undefined>(this.length).fill(undefined);
      this.#moments.push(at);
    }
    this.snapshots.push(snapshot);
  }

  #resize(length: number): void {
    if (this.#bytes.byteLength === length) return;
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, length));
    this.#bytes = bytes;
  }
}

function newScratch(length: number) {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

function copyOf({ buffer, byteOffset, byteLength }: DataView): DataView {
  return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** The same kind of reading with other numbers. */
function withView(
  like: CellReading | PackedReading,
  view: DataView,
  at?: Moment,
): CellReading | PackedReading {
  if (like instanceof PackedReading) return new PackedReading({ layout: like.layout, view }, at);
  return readingInCells({ layout: like.layout, view }, at);
}
