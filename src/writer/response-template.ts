/**
 * What is the same in each answer to an operation, for as long as the same exists and the same caller asks: all but the
 * numbers. An answer is written from it without asking any resolver; where a number cannot be had, it is not.
 */
import { HvqlError } from '../errors.ts';
import type { SnapshotReader } from '../sampling/read/snapshot-reader.ts';
import { ResponseWriter, type ResponseRecorder, type WrittenPlace } from './response-writer.ts';
import type { ByteSink } from './byte-sink.ts';
import type { PreparedSet } from './prepared-set.ts';
import type { Origin, RecordingSnapshotReader } from './recording-snapshot-reader.ts';

/** What stands in a gap of a pattern: an object of counters, or the moment of the look. */
export type SlotValue =
  | { readonly set: PreparedSet; readonly origin: Origin }
  | { readonly serializeMoment: (wallMilliseconds: number) => unknown };

/** A part of a written response that is different in each response. */
interface Slot extends WrittenPlace {
  readonly value: SlotValue;
}

/** Takes notes of the gaps while an answer is written. */
export class TemplateRecorder implements ResponseRecorder {
  readonly reader: RecordingSnapshotReader;
  readonly #slots: Slot[] = [];
  readonly #filled = { outcomes: 0, moments: 0 };

  constructor(reader: RecordingSnapshotReader) {
    this.reader = reader;
  }

  /** Where a set was written for what the look gave, it is a gap. */
  recordSet(set: PreparedSet, value: unknown, place: WrittenPlace): void {
    const origin = this.reader.originOf(value);
    if (origin === undefined) return;
    this.#filled.outcomes += 1;
    this.#slots.push({ ...place, value: { set, origin } });
  }

  recordMoment(serializeMoment: (wallMilliseconds: number) => unknown, place: WrittenPlace): void {
    this.#filled.moments += 1;
    this.#slots.push({ ...place, value: { serializeMoment } });
  }

  /** The pattern of the answer; null where something of the look stands outside of the gaps. */
  template(response: Buffer): ResponseTemplate | null {
    const { taken } = this.reader;
    if (taken.orders > 0) return null;
    if (taken.outcomes !== this.#filled.outcomes || taken.moments !== this.#filled.moments) return null;
    return new ResponseTemplate(response, this.#slots);
  }
}

/** The pattern of an answer. */
export class ResponseTemplate {
  readonly values: readonly SlotValue[];
  /** What stands before each gap, and behind the last one, each from a multiple of eight bytes on. */
  readonly #constants: DataView;
  /** Where each of them ends in `#constants`, and how long it is. */
  readonly #table: DataView;

  constructor(response: Buffer, slots: readonly Slot[]) {
    this.values = slots.map(({ value }) => value);
    const pieces = [...slots, { start: response.length }].map(({ start }, n) =>
      response.subarray(slots[n - 1]?.end ?? 0, start),
    );
    const padded = pieces.map(({ length }) => Math.ceil(length / 8) * 8);
    const bytes = new Uint8Array(padded.reduce((sum, length) => sum + length, 0));
    this.#table = new DataView(new ArrayBuffer(pieces.length * entrySizeInBytes));
    let start = 0;
    for (const [n, piece] of pieces.entries()) {
      bytes.set(piece, start);
      start += padded[n] ?? 0;
      this.#table.setInt32(n * entrySizeInBytes, start, true);
      this.#table.setInt32(n * entrySizeInBytes + 4, piece.length, true);
    }
    this.#constants = new DataView(bytes.buffer);
  }

  /** Writes an answer of this pattern. Gives false, with what was written in vain still there, where it is none. */
  write(sink: ByteSink, { reader, context }: { reader: SnapshotReader; context: unknown }): boolean {
    const writer = new ResponseWriter(sink, context);
    const { values } = this;
    let start = 0;
    for (let n = 0; n < values.length; n += 1) {
      const value = values[n];
      if (value === undefined) break;
      start = this.#writeConstant(sink, start, n);
      if ('serializeMoment' in value) {
        sink.jsonString(String(value.serializeMoment(reader.moment().wallMilliseconds)));
        continue;
      }
      const { object, over } = value.origin;
      const outcome = over === null ? reader.reading(object) : reader.change(object, over);
      if (outcome === null || outcome instanceof HvqlError) return false;
      writer.writeSet(value.set, outcome);
      if (writer.errors.length > 0) return false;
    }
    this.#writeConstant(sink, start, values.length);
    return true;
  }

  #writeConstant(sink: ByteSink, start: number, n: number): number {
    const end = this.#table.getInt32(n * entrySizeInBytes, true);
    sink.reserve(end - start);
    const { view, length } = sink;
    for (let from = start, to = length; from < end; from += 8, to += 8) {
      // UTF-8 is never a NaN: neither 0xff nor 0x7f behind 0xf0 and above stands in it.
      view.setFloat64(to, this.#constants.getFloat64(from, true), true);
    }
    sink.length = length + this.#table.getInt32(n * entrySizeInBytes + 4, true);
    return end;
  }
}

/** Two numbers of 32 bits. */
const entrySizeInBytes = 8;

/** An operation that is asked once is not worth a pattern. */
const responsesBefore = 1;
/** What does not come to a pattern so often never does. */
const maxAttempts = 3;
/** Gaps of all patterns together: about 20 MB with what stands between them. */
const maxSlots = 100_000;

/** Those that hold a pattern, the oldest first. */
const holding = new Set<CachedTemplate>();
let slots = 0;

/** A pattern, once there is one. */
export class CachedTemplate {
  #responses = 0;
  #attempts = 0;
  #template: ResponseTemplate | null = null;

  get template(): ResponseTemplate | null {
    return this.#template;
  }

  /** Whether the answer that is about to be written is to make it. */
  get isWanted(): boolean {
    if (this.#template !== null || this.#attempts >= maxAttempts) return false;
    this.#responses += 1;
    return this.#responses > responsesBefore;
  }

  /** Takes what came of an attempt. */
  offer(template: ResponseTemplate | null): void {
    this.#attempts += 1;
    if (template === null || template.values.length > maxSlots) return;
    this.#template = template;
    slots += template.values.length;
    holding.add(this);
    for (const oldest of holding) {
      if (slots <= maxSlots) break;
      oldest.#drop();
    }
  }

  /** It may be made again. */
  #drop(): void {
    slots -= this.#template?.values.length ?? 0;
    this.#template = null;
    this.#responses = 0;
    this.#attempts = 0;
    holding.delete(this);
  }
}
