/** Adjacent counter fields of one object: written together, straight from the memory of the reading. */
import type { Counter } from '../catalogue/counter.ts';
import type { CounterField } from '../graph/extension.ts';
import { ReadingChange } from '../sampling/change/change.ts';
import type { CellLayout, CounterCells, Reading } from '../snapshot/reading.ts';
import { ConstantBytes, wordsOf, type ByteSink } from './byte-sink.ts';
import { longestDecimal, writeDecimal } from './decimal.ts';

/** Quotation marks and digits. */
const longestValue = longestDecimal + 2;

/** What a run needs of a field: its counter, and the text of its key. */
interface CounterRunField {
  readonly counter: CounterField | null;
  readonly keyText: string;
}

/** Adjacent counter fields of one object, all with the same view: values, deltas or rates. */
export class CounterRun<Field extends CounterRunField = CounterRunField> {
  readonly fields: readonly Field[];
  readonly #by: 'VALUE' | 'DELTA' | 'RATE';
  readonly #counters: readonly Counter[];
  /** Their keys, each with the opening quotation mark of its number, aligned to eight bytes. */
  readonly #keys: DataView;
  /** For each counter: the start and the length of its key in `#keys`, and the offset of its number in the reading. */
  readonly #table: DataView;
  readonly #mostBytes: number;
  #layout: CellLayout | null = null;

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.#by = fields[0]?.counter?.by ?? 'VALUE';
    this.#counters = fields.flatMap(({ counter }) => counter?.counter ?? []);
    const texts = fields.map(({ keyText }) => `${keyText}"`);
    const padded = texts.map((text) => text.padEnd(Math.ceil(text.length / 8) * 8));
    this.#keys = wordsOf(padded.join(''));
    this.#table = new DataView(new ArrayBuffer(texts.length * entrySizeInBytes));
    let start = 0;
    for (const [n, text] of texts.entries()) {
      const entry = n * entrySizeInBytes;
      this.#table.setInt32(entry + entryField.start, start, true);
      this.#table.setInt32(entry + entryField.length, text.length, true);
      start += padded[n]?.length ?? 0;
    }
    this.#mostBytes = texts.reduce((sum, text) => sum + text.length + longestValue, 0);
  }

  /** Writes all fields. Writes nothing and returns false if this could cause a field error. */
  write(source: unknown, sink: ByteSink): boolean {
    switch (this.#by) {
      case 'VALUE': {
        const { cells } = source as Reading;
        if (cells === undefined) return false;
        this.#writeValues(cells, sink);
        return true;
      }
      case 'DELTA':
        // A sum over many objects may exceed 64 bits, which is an error of one field.
        if (!(source instanceof ReadingChange)) return false;
        this.#writeDeltas(source, sink);
        return true;
      case 'RATE':
        if (!(source instanceof ReadingChange)) return false;
        this.#writeRates(source, sink);
        return true;
    }
  }

  #writeValues({ view: cells, layout }: CounterCells, sink: ByteSink): void {
    if (layout !== this.#layout) this.#findCells(layout);
    sink.reserve(this.#mostBytes);
    const { view } = sink;
    const table = this.#table;
    let at = sink.length;
    for (let entry = 0; entry < table.byteLength; entry += entrySizeInBytes) {
      at = this.#writeKey(view, at, entry);
      const offset = table.getInt32(entry + entryField.offset, true);
      if (offset < 0) {
        at = nullBytes.writeTo(view, at - 1);
        continue;
      }
      at = writeDecimal(view, at, cells.getUint32(offset + 4, true), cells.getUint32(offset, true));
      view.setUint8(at, quote);
      at += 1;
    }
    sink.length = at;
  }

  #findCells(layout: CellLayout): void {
    this.#layout = layout;
    for (const [n, counter] of this.#counters.entries()) {
      const entry = n * entrySizeInBytes;
      this.#table.setInt32(entry + entryField.offset, layout.offsetOf(counter), true);
    }
  }

  /** Writes the key and the quotation mark. Callers overwrite the mark for null and for rates. */
  #writeKey(view: DataView, at: number, entry: number): number {
    const table = this.#table;
    const keys = this.#keys;
    const end = at + table.getInt32(entry + entryField.length, true);
    for (let from = table.getInt32(entry + entryField.start, true), to = at; to < end; from += 8, to += 8) {
      view.setFloat64(to, keys.getFloat64(from, true), true);
    }
    return end;
  }

  #writeDeltas(change: ReadingChange, sink: ByteSink): void {
    sink.reserve(this.#mostBytes);
    const { view } = sink;
    let at = sink.length;
    for (const [n, counter] of this.#counters.entries()) {
      at = this.#writeKey(view, at, n * entrySizeInBytes);
      const delta = change.delta(counter);
      if (delta === null) {
        at = nullBytes.writeTo(view, at - 1);
        continue;
      }
      at = writeDecimal(view, at, Number(delta >> 32n), Number(delta & 0xffff_ffffn));
      view.setUint8(at, quote);
      at += 1;
    }
    sink.length = at;
  }

  #writeRates(change: ReadingChange, sink: ByteSink): void {
    for (const [n, counter] of this.#counters.entries()) {
      sink.reserve(this.#mostBytes);
      sink.length = this.#writeKey(sink.view, sink.length, n * entrySizeInBytes) - 1;
      const rate = change.rate(counter);
      if (rate === null) sink.constant(nullBytes);
      // The shortest text that parses to the same number, as JSON.stringify writes it.
      else sink.ascii(String(rate));
    }
  }
}

/** Three 32-bit numbers. */
const entrySizeInBytes = 12;
const entryField = { start: 0, length: 4, offset: 8 } as const;

export const nullBytes = new ConstantBytes('null');

const quote = 0x22;
