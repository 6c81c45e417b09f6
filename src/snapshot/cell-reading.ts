/** A reading without a page: its values in memory, and a layout that it shares with others. */
import type { Counter } from '../catalogue/counter.ts';
import type { Moment } from './moment.ts';
import type { CounterCells, NamedLayout, Reading, UnnamedValue } from './reading.ts';

/** Values of 64 bits, little-endian as in a page; nothing more per object. */
export class CellReading<Layout extends NamedLayout = NamedLayout> implements Reading, CounterCells {
  readonly page = null;
  readonly layout: Layout;
  readonly view: DataView;

  constructor(layout: Layout, view: DataView) {
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

/** A reading whose layout has bases of counters. */
class BasedReading extends CellReading {
  base(counter: Counter): bigint | undefined {
    const offset = this.layout.baseOffsetOf?.(counter) ?? -1;
    return offset === -1 ? undefined : this.view.getBigUint64(offset, true);
  }
}

/** The reading in these cells, with bases if the layout has any, and with a moment of its own if one is given. */
export function readingInCells(
  { layout, view }: Pick<CellReading, 'layout' | 'view'>,
  at?: Moment,
): CellReading & Pick<Reading, 'at' | 'base'> {
  const reading =
    layout.baseOffsetOf === undefined ? new CellReading(layout, view) : new BasedReading(layout, view);
  return at === undefined ? reading : Object.assign(reading, { at });
}
