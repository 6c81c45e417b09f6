/** How the text of statistics is laid out: which line has which name. Objects of one kind share it. */
import { countersOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { NamedLayout, UnnamedCell } from '../../snapshot/reading.ts';
import { counterOfName } from './counter-name.ts';
import { valueSizeInBytes } from './values-in-text.js';

/** A line that was read: the bytes up to its colon, as they stand, and the name in them. */
export interface StatsLine {
  readonly head: Uint8Array;
  readonly name: string;
}

/** The lines of a text in their order; values are held in the order of their lines. */
export class StatsLayout implements NamedLayout {
  readonly object: StatisticsObject;
  /** The heads of all lines, one behind the other: what the next text of this layout has before its values. */
  readonly heads: Uint8Array;
  /** Where in `heads` each line's ends. */
  readonly headEnds: Uint32Array;
  /** By the slot of a counter: the byte of its value, -1 where there is none. */
  readonly #offsets: Int32Array;
  /** The bytes of values whose names the catalogue does not have. */
  readonly unnamed: readonly UnnamedCell[];
  /**
   * Whether it is the layout of a text of statistics: one of its lines is a counter of such an object, or all of its
   * lines are names and numbers, as of a driver that is newer than the catalogue.
   */
  readonly isOfStatistics: boolean;

  /** `unreadable` is how many lines stand in the text beside these. */
  constructor(object: StatisticsObject, lines: readonly StatsLine[], unreadable: number) {
    this.object = object;
    this.heads = Buffer.concat(lines.map(({ head }) => head));
    let end = 0;
    this.headEnds = Uint32Array.from(lines, ({ head }) => (end += head.byteLength));
    this.#offsets = new Int32Array(countersOf(object).length).fill(-1);
    const unnamed: UnnamedCell[] = [];
    for (const [line, { name }] of lines.entries()) {
      const offset = line * valueSizeInBytes;
      const counter = counterOfName(object, name);
      if (counter === undefined) unnamed.push({ name, offset });
      else this.#offsets[counter.slot] = offset;
    }
    this.unnamed = unnamed;
    this.isOfStatistics = unnamed.length < lines.length || (lines.length > 0 && unreadable === 0);
  }

  /** The byte of a counter's value, -1 where there is none. Throws a TypeError for a counter of another kind of object. */
  offsetOf(counter: Counter): number {
    if (counter.object !== this.object) throw new TypeError(`${counter.field} is not of ${this.object}`);
    return this.#offsets[counter.slot] ?? -1;
  }
}
