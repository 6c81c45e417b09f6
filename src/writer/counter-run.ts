/** Counters of one object that are asked for side by side: written in one go, from where they stand in memory. */
import type { Counter } from '../catalogue/counter.ts';
import { ReadingGrowth } from '../sampling/growth.ts';
import type { CellLayout, CounterCells, Reading } from '../snapshot/reading.ts';
import { ConstantBytes, type ByteSink } from './byte-sink.ts';
import { longestDecimal, writeDecimal } from './decimal.ts';
import type { PreparedField } from './prepared-set.ts';

/** Quotation marks and digits, and the room that a word too many takes. */
const longestValue = longestDecimal + 2;

/** One counter of a run: its key, with the quotation mark that begins a number behind it, or without. */
interface Entry {
  readonly counter: Counter;
  readonly key: ConstantBytes;
  readonly quotedKey: ConstantBytes;
}

/** Fields of one object that are counters, all by value, or all by growth. */
export class CounterRun {
  readonly fields: readonly PreparedField[];
  readonly #by: 'VALUE' | 'DELTA' | 'RATE';
  readonly #entries: readonly Entry[];
  readonly #mostBytes: number;
  #layout: CellLayout | null = null;
  #offsets: Int32Array = new Int32Array();

  constructor(fields: readonly PreparedField[]) {
    this.fields = fields;
    this.#by = fields[0]?.counter?.by ?? 'VALUE';
    this.#entries = fields.flatMap(({ counter, key, keyText }) =>
      counter === null
        ? []
        : [{ counter: counter.counter, key, quotedKey: new ConstantBytes(`${keyText}"`) }],
    );
    this.#mostBytes = this.#entries.reduce((sum, { key }) => sum + key.length + longestValue, 0);
  }

  /** Writes all, where the object's numbers can be had without any error; else writes nothing and gives false. */
  write(source: unknown, sink: ByteSink): boolean {
    switch (this.#by) {
      case 'VALUE': {
        const { cells } = source as Reading;
        if (cells === undefined) return false;
        this.#writeValues(cells, sink);
        return true;
      }
      case 'DELTA':
        // Those of many objects together may not fit into 64 bits, which is an error of one field.
        if (!(source instanceof ReadingGrowth)) return false;
        this.#writeDeltas(source, sink);
        return true;
      case 'RATE':
        if (!(source instanceof ReadingGrowth)) return false;
        this.#writeRates(source, sink);
        return true;
    }
  }

  #writeValues({ view: cells, layout }: CounterCells, sink: ByteSink): void {
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#offsets = Int32Array.from(this.#entries, ({ counter }) => layout.offsetOf(counter));
    }
    sink.reserve(this.#mostBytes);
    const { view } = sink;
    const entries = this.#entries;
    const offsets = this.#offsets;
    let at = sink.length;
    for (let n = 0; n < entries.length; n += 1) {
      const entry = entries[n];
      const offset = offsets[n] ?? -1;
      if (entry === undefined) break;
      if (offset < 0) {
        at = nullBytes.writeTo(view, entry.key.writeTo(view, at));
        continue;
      }
      at = entry.quotedKey.writeTo(view, at);
      at = writeDecimal(view, at, cells.getUint32(offset + 4, true), cells.getUint32(offset, true));
      view.setUint8(at, quote);
      at += 1;
    }
    sink.length = at;
  }

  #writeDeltas(growth: ReadingGrowth, sink: ByteSink): void {
    for (const { counter, key, quotedKey } of this.#entries) {
      const delta = growth.delta(counter);
      if (delta === null) {
        sink.constant(key);
        sink.constant(nullBytes);
        continue;
      }
      sink.constant(quotedKey);
      sink.reserve(longestValue);
      const { view } = sink;
      const end = writeDecimal(view, sink.length, Number(delta >> 32n), Number(delta & 0xffff_ffffn));
      view.setUint8(end, quote);
      sink.length = end + 1;
    }
  }

  #writeRates(growth: ReadingGrowth, sink: ByteSink): void {
    for (const { counter, key } of this.#entries) {
      sink.constant(key);
      const rate = growth.rate(counter);
      if (rate === null) sink.constant(nullBytes);
      // The shortest text that reads as the same number, as JSON.stringify gives it.
      else sink.ascii(String(rate));
    }
  }
}

/** Nothing, as JSON has it. */
export const nullBytes = new ConstantBytes('null');

const quote = 0x22;
