/** Text of statistics becomes readings, at the speed of its bytes. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import { CellReading } from '../../snapshot/cell-reading.ts';
import type { StatsLayout } from './stats-layout.ts';
import { readLines, type StatsText } from './stats-lines.ts';
import { readValues, valueSizeInBytes } from './values-in-text.ts';

/**
 * Parses one text after the other. All objects of a kind have the same names in the same columns, look after look, so
 * the layout of the last text is held against the next one: bytes are compared, numbers are read in place, and no
 * string is made. A text that does not fit is read line by line, and its layout is the next to
 * be held against, unless some of its lines could not be read or it is no text of statistics.
 */
export class StatsParser {
  /** Lines that could not be read so far, in all texts. */
  unreadableLines = 0;
  /** Texts that were parsed so far. */
  texts = 0;
  readonly #layouts = new Map<StatisticsObject, StatsLayout>();

  /** The layouts that the next texts are held against, one for each kind of object that there was a text of. */
  get layouts(): ReadonlyMap<StatisticsObject, StatsLayout> {
    return this.#layouts;
  }

  /** Whether the text is one of statistics, its layout says: with another one the reading has no counter. */
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
