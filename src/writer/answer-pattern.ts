/**
 * What is the same in each answer to an operation, for as long as the same exists and the same caller asks: all but the
 * numbers. An answer is written from it without asking any resolver; where a number cannot be had, it is not.
 */
import { HvqlError } from '../errors.ts';
import type { Look } from '../sampling/look.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { ByteSink } from './byte-sink.ts';
import type { PreparedSet } from './prepared-set.ts';
import type { Origin, RecordingLook } from './recording-look.ts';

/** What stands in a gap of a pattern: an object of counters, or the moment of the look. */
export type Filling =
  | { readonly set: PreparedSet; readonly origin: Origin }
  | { readonly serializeMoment: (wallMilliseconds: number) => unknown };

/** A gap of an answer that is written, by its first byte and the one behind its last. */
interface Gap {
  readonly start: number;
  readonly end: number;
  readonly filling: Filling;
}

/** Takes notes of the gaps while an answer is written. */
export class PatternRecorder {
  readonly look: RecordingLook;
  readonly #gaps: Gap[] = [];
  readonly #filled = { outcomes: 0, moments: 0 };

  constructor(look: RecordingLook) {
    this.look = look;
  }

  /** Where a set was written for what the look gave, it is a gap. */
  noteSet(set: PreparedSet, value: unknown, place: Omit<Gap, 'filling'>): void {
    const origin = this.look.originOf(value);
    if (origin === undefined) return;
    this.#filled.outcomes += 1;
    this.#gaps.push({ ...place, filling: { set, origin } });
  }

  noteMoment(serializeMoment: (wallMilliseconds: number) => unknown, place: Omit<Gap, 'filling'>): void {
    this.#filled.moments += 1;
    this.#gaps.push({ ...place, filling: { serializeMoment } });
  }

  /** The pattern of the answer; null where something of the look stands outside of the gaps. */
  pattern(answer: Buffer): AnswerPattern | null {
    const { taken } = this.look;
    if (taken.orders > 0) return null;
    if (taken.outcomes !== this.#filled.outcomes || taken.moments !== this.#filled.moments) return null;
    return new AnswerPattern(answer, this.#gaps);
  }
}

/** The pattern of an answer. */
export class AnswerPattern {
  readonly fillings: readonly Filling[];
  /** What stands before each gap, and behind the last one, each from a multiple of eight bytes on. */
  readonly #constants: DataView;
  /** Where each of them ends in `#constants`, and how long it is. */
  readonly #table: DataView;

  constructor(answer: Buffer, gaps: readonly Gap[]) {
    this.fillings = gaps.map(({ filling }) => filling);
    const pieces = [...gaps, { start: answer.length }].map(({ start }, n) =>
      answer.subarray(gaps[n - 1]?.end ?? 0, start),
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
  write(sink: ByteSink, { look, context }: { look: Look; context: unknown }): boolean {
    const writer = new AnswerWriter(sink, context);
    const { fillings } = this;
    let start = 0;
    for (let n = 0; n < fillings.length; n += 1) {
      const filling = fillings[n];
      if (filling === undefined) break;
      start = this.#writeConstant(sink, start, n);
      if ('serializeMoment' in filling) {
        sink.jsonString(String(filling.serializeMoment(look.moment().wallMilliseconds)));
        continue;
      }
      const { object, over } = filling.origin;
      const outcome = over === null ? look.reading(object) : look.growth(object, over);
      if (outcome === null || outcome instanceof HvqlError) return false;
      writer.writeSet(filling.set, outcome);
      if (writer.errors.length > 0) return false;
    }
    this.#writeConstant(sink, start, fillings.length);
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
