/** Parses texts of statistics into readings. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import { CellReading } from '../../snapshot/cell-reading.ts';
import type { StatsLayout } from './stats-layout.ts';
import { readLines, type StatsText } from './stats-lines.ts';
import { readValues, valueSizeInBytes } from './values-in-text.ts';

/**
 * Parses one text after another. All objects of a kind have the same names in the same columns each time, so the next
 * text is compared with the layout of the last one: bytes are compared, numbers are read in place, and no string is
 * created. A text of another layout is read line by line, and its layout is the next to compare with, unless some of its
 * lines could not be read or it is not a text of statistics.
 */
export class StatsParser {
  /** Lines that could not be read so far, in all texts. */
  unreadableLines = 0;
  /** Texts that were parsed so far. */
  texts = 0;
  readonly #layouts = new Map<StatisticsObject, StatsLayout>();

  /** The layouts that the next texts are compared with, one for each kind of object that there was a text of. */
  get layouts(): ReadonlyMap<StatisticsObject, StatsLayout> {
    return this.#layouts;
  }

  /** The layout tells whether it is a text of statistics; if not, the reading has no counter. */
  parse(text: StatsText): CellReading<StatsLayout> {
    this.texts++;
    const known = this.#layouts.get(text.object);
    if (known !== undefined) {
      const values = new DataView(new ArrayBuffer(known.headEnds.length * valueSizeInBytes));
      if (readValues(text.bytes, known, values)) return new CellReading(known, values);
    }
    const found = readLines(text);
    this.unreadableLines += found.unreadable;
    if (found.unreadable === 0 && found.layout.isOfStatistics) this.#layouts.set(text.object, found.layout);
    return new CellReading(found.layout, found.values);
  }
}
