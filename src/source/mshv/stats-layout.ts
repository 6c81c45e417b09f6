/** The layout of a statistics text: which line has which name. Objects of one kind share it. */
import { countersOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { type StatisticsObject, statisticsObjects } from '../../catalogue/group.ts';
import type { NamedLayout, UnnamedCell } from '../../snapshot/reading.ts';
import { valueSizeInBytes } from './values-in-text.ts';

/** A parsed line: its bytes up to the colon, unchanged, and the name in them. */
export interface StatsLine {
  readonly head: Uint8Array;
  readonly name: string;
}

/** The lines of a text in their order; values are held in the order of their lines. */
export class StatsLayout implements NamedLayout {
  readonly object: StatisticsObject;
  /** The heads of all lines, concatenated: what a text of this layout has before its values. */
  readonly heads: Uint8Array;
  /** The end of each line's head in `heads`. */
  readonly headEnds: Uint32Array;
  /** By the slot of a counter: the byte of its value, -1 if it has none. */
  readonly #offsets: Int32Array;
  /** The bytes of values whose names the catalogue does not have. */
  readonly unnamed: readonly UnnamedCell[];
  /**
   * Whether it is the layout of a text of statistics: one of its lines is a counter of such an object, or all of its
   * lines are names and numbers, as of a driver that is newer than the catalogue.
   */
  readonly isOfStatistics: boolean;

  /** `unreadable` is the number of other lines in the text. */
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

  /** The byte of a counter's value, -1 if it has none. Throws a TypeError for a counter of another kind of object. */
  offsetOf(counter: Counter): number {
    if (counter.object !== this.object) throw new TypeError(`${counter.field} is not of ${this.object}`);
    return this.#offsets[counter.slot] ?? -1;
  }
}

/** The prefix of names of the Linux driver; the older driver of Azure Linux has none. */
const prefixes: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'Hv',
  LOGICAL_PROCESSOR: 'Lp',
  PARTITION: 'Pt',
  VIRTUAL_PROCESSOR: 'Vp',
};

const counters = new Map(
  statisticsObjects.map((object) => [object, new Map(countersOf(object).flatMap(namesOf))]),
);

/** The counter with this name in the text of such an object; undefined if the catalogue has none. */
export function counterOfName(object: StatisticsObject, name: string): Counter | undefined {
  return counters.get(object)?.get(name);
}

/** The name under which a counter is written. A counter that the driver does not know has the name of its field. */
export function nameOfCounter(counter: Counter): string {
  return counter.linux || counter.field;
}

/** A counter's name in full and without its prefix. Fields begin with a small letter, so they differ from both. */
function namesOf(counter: Counter): readonly (readonly [string, Counter])[] {
  const name = nameOfCounter(counter);
  const prefix = prefixes[counter.object];
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return [
    [name, counter],
    [bare, counter],
  ];
}
