/**
 * Response templates: the bytes that are equal in all responses to one operation by one caller while the topology stays
 * the same, with slots for the numbers. A response is written from a template without any resolver.
 */
import { HvqlError } from '../errors.ts';
import type { SnapshotReader } from '../sampling/read/snapshot-reader.ts';
import { ResponseWriter, type ResponseRecorder, type WrittenPlace } from './response-writer.ts';
import type { ByteSink } from './byte-sink.ts';
import type { PreparedSet } from './prepared-set.ts';
import type { Origin, RecordingSnapshotReader } from './recording-snapshot-reader.ts';

/** The content of a slot: an object of counters, or the time of the snapshot. */
export type SlotValue =
  | { readonly set: PreparedSet; readonly origin: Origin }
  | { readonly serializeMoment: (wallMilliseconds: number) => unknown };

/** A part of a written response that is different in each response. */
interface Slot extends WrittenPlace {
  readonly value: SlotValue;
}

/** Records the slots while a response is written. */
export class TemplateRecorder implements ResponseRecorder {
  readonly reader: RecordingSnapshotReader;
  readonly #slots: Slot[] = [];
  readonly #filled = { outcomes: 0, moments: 0 };

  constructor(reader: RecordingSnapshotReader) {
    this.reader = reader;
  }

  /** Records a set as a slot if its source value came from the snapshot. */
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

  /** The template of the response; null if something outside the slots depends on the snapshot. */
  template(response: Buffer): ResponseTemplate | null {
    const { taken } = this.reader;
    if (taken.orders > 0) return null;
    if (taken.outcomes !== this.#filled.outcomes || taken.moments !== this.#filled.moments) return null;
    return new ResponseTemplate(response, this.#slots);
  }
}

/** A response with slots. */
export class ResponseTemplate {
  readonly values: readonly SlotValue[];
  /** Its own memory, approximately. */
  readonly memoryInBytes: number;
  /** The bytes before each slot and after the last one, each aligned to eight bytes. */
  readonly #constants: DataView;
  /** For each of these pieces: its end in `#constants` and its length. */
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
    this.memoryInBytes = bytesOfTemplate + slots.length * bytesOfSlot + bytes.length;
  }

  /** Writes a response. Returns false, and leaves partial output in the sink, if a number is not available. */
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
      // Moving bytes as doubles is safe: a NaN has a byte 0xff, or 0x7f after 0xf0 or above. UTF-8 has neither.
      view.setFloat64(to, this.#constants.getFloat64(from, true), true);
    }
    sink.length = length + this.#table.getInt32(n * entrySizeInBytes + 4, true);
    return end;
  }
}

/** Two 32-bit numbers. */
const entrySizeInBytes = 8;

/** An operation that runs only once is not worth a template. */
const responsesBefore = 1;
/** After this many failed attempts the operation never gets a template. */
const maxAttempts = 3;
/** The memory of all templates together. */
const maxBytes = 20 * 1024 * 1024;
const bytesOfTemplate = 500;
/** With its entry of the table. */
const bytesOfSlot = 100;

/** A template that counts. */
interface Held {
  /** Weak: a template refers to all of its operation, which must end with its document. */
  readonly cached: WeakRef<CachedTemplate>;
  readonly bytes: number;
}

/** Oldest first. */
const holding = new Set<Held>();
let heldBytes = 0;

/** The template of one planned operation. It is dropped when newer templates need the memory. */
export class CachedTemplate {
  #responses = 0;
  #attempts = 0;
  #template: ResponseTemplate | null = null;
  #held: Held | null = null;

  get template(): ResponseTemplate | null {
    return this.#template;
  }

  /** Whether the next response should be recorded as the template. */
  get isWanted(): boolean {
    if (this.#template !== null || this.#attempts >= maxAttempts) return false;
    this.#responses += 1;
    return this.#responses > responsesBefore;
  }

  /** Stores the result of an attempt to record a template; null if it failed. */
  offer(template: ResponseTemplate | null): void {
    this.#attempts += 1;
    if (template === null || template.memoryInBytes > maxBytes) return;
    // Two requests may have recorded one at the same time.
    if (this.#held !== null) forget(this.#held);
    this.#template = template;
    this.#held = { cached: new WeakRef(this), bytes: template.memoryInBytes };
    holding.add(this.#held);
    heldBytes += this.#held.bytes;
    for (const oldest of holding) {
      if (heldBytes <= maxBytes) break;
      forget(oldest);
      const cached = oldest.cached.deref();
      if (cached !== undefined) cached.#drop();
    }
  }

  /** Drops the template; it may be recorded again. */
  #drop(): void {
    this.#template = null;
    this.#held = null;
    this.#responses = 0;
    this.#attempts = 0;
  }
}

function forget(held: Held): void {
  if (holding.delete(held)) heldBytes -= held.bytes;
}
