/** A reading that was text: its values and, shared with others, where which of them stands. */
import type { Counter } from '../../catalogue/counter.ts';
import type { CounterCells, Reading, UnnamedValue } from '../../snapshot/reading.ts';
import type { StatsLayout } from './stats-layout.ts';

/** Values of 64 bits, little-endian like those in a page, in the order of the text's lines; nothing more per object. */
export class StatsReading implements Reading, CounterCells {
  readonly page = null;
  readonly layout: StatsLayout;
  readonly view: DataView;

  constructor(layout: StatsLayout, view: DataView) {
    this.layout = layout;
    this.view = view;
  }

  get cells(): CounterCells {
    return this;
  }

  value(counter: Counter): bigint | undefined {
    const offset = this.layout.offsetOf(counter);
    return offset === -1 ? undefined : this.view.getBigUint64(offset, true);
  }

  unnamed(): readonly UnnamedValue[] {
    return this.layout.unnamed.map(({ name, offset }) => ({
      name,
      value: this.view.getBigUint64(offset, true),
    }));
  }
}
