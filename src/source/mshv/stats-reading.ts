/** A reading that was text: its values and, shared with others, where which of them stands. */
import type { Counter } from '../../catalogue/counter.ts';
import type { Reading, UnnamedValue } from '../../snapshot/reading.ts';
import type { StatsLayout } from './stats-layout.ts';

/** Bytes of a value. */
export const valueSizeInBytes = 8;

/** Values of 64 bits, little-endian like those in a page, in the order of the text's lines; nothing more per object. */
export class StatsReading implements Reading {
  readonly page = null;
  readonly view: DataView;
  readonly #layout: StatsLayout;

  constructor(layout: StatsLayout, view: DataView) {
    this.#layout = layout;
    this.view = view;
  }

  /** The byte of `view` where the counter stands, or -1 where the text does not have it. */
  offsetOf(counter: Counter): number {
    const line = this.#layout.lineOf(counter);
    return line === -1 ? -1 : line * valueSizeInBytes;
  }

  value(counter: Counter): bigint | undefined {
    const offset = this.offsetOf(counter);
    return offset === -1 ? undefined : this.view.getBigUint64(offset, true);
  }

  unnamed(): readonly UnnamedValue[] {
    return this.#layout.unnamed.map(({ name, line }) => ({
      name,
      value: this.view.getBigUint64(line * valueSizeInBytes, true),
    }));
  }
}
