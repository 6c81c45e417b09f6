/** Layouts of readings without a page, for another process: each is sent once, and then has a number. */
import { countersOf, timesOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';
import type { NamedLayout, UnnamedCell } from '../../snapshot/reading.ts';

/** Layouts that have a number on a channel: a host has one for each kind of object, or a few. */
export const layoutLimit = 64;

/** The offset of each slot that has one. */
type SlotOffsets = readonly (readonly [slot: number, offset: number])[];

/** The offsets of values: by slots of counters and of their bases, and by names of numbers without a counter. */
export interface LayoutRecord {
  readonly object: StatisticsObject;
  readonly counters: SlotOffsets;
  readonly bases: SlotOffsets;
  readonly unnamed: readonly UnnamedCell[];
}

/** The record of a layout. */
export function layoutRecord(object: StatisticsObject, layout: NamedLayout): LayoutRecord {
  return {
    object,
    counters: offsetsOf(countersOf(object), (counter) => layout.offsetOf(counter)),
    bases: offsetsOf(timesOf(object), (counter) => layout.baseOffsetOf?.(counter) ?? -1),
    unnamed: layout.unnamed,
  };
}

function offsetsOf(counters: readonly Counter[], offsetOf: (counter: Counter) => number): SlotOffsets {
  return counters.flatMap((counter) => {
    const offset = offsetOf(counter);
    return offset === -1 ? [] : [[counter.slot, offset] as const];
  });
}

/** A layout that another process has sent. */
export class DecodedLayout implements NamedLayout {
  readonly unnamed: readonly UnnamedCell[];
  readonly baseOffsetOf: ((counter: Counter) => number) | undefined;
  readonly #object: StatisticsObject;
  readonly #offsets: Int32Array;

  constructor({ object, counters, bases, unnamed }: LayoutRecord) {
    this.unnamed = unnamed;
    this.#object = object;
    const baseOffsets = new Map(bases);
    this.baseOffsetOf = baseOffsets.size > 0 ? ({ slot }) => baseOffsets.get(slot) ?? -1 : undefined;
    this.#offsets = new Int32Array(countersOf(object).length).fill(-1);
    for (const [slot, offset] of counters) this.#offsets[slot] = offset;
  }

  /** Throws a TypeError for a counter of another kind of object. */
  offsetOf(counter: Counter): number {
    if (counter.object !== this.#object) throw new TypeError(`${counter.field} is not of ${this.#object}`);
    return this.#offsets[counter.slot] ?? -1;
  }
}

/** The layouts that this end of a channel has sent. */
export class SentLayouts {
  readonly #send: (body: Buffer) => void;
  /** By their text, so that an equal layout has the same number. */
  readonly #numbers = new Map<string, number>();
  readonly #texts = new WeakMap<NamedLayout, Map<StatisticsObject, string>>();

  /** `send` is called with the body of a message for each new layout. */
  constructor(send: (body: Buffer) => void) {
    this.#send = send;
  }

  /** The number of a layout; its text if there are too many layouts for another number. */
  find(object: StatisticsObject, layout: NamedLayout): number | string {
    const text = this.#textOf(object, layout);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#numbers.size >= layoutLimit) return text;
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    this.#send(Buffer.from(text));
    return number;
  }

  /** Made once for each layout. */
  #textOf(object: StatisticsObject, layout: NamedLayout): string {
    let byObject = this.#texts.get(layout);
    if (byObject === undefined) this.#texts.set(layout, (byObject = new Map<StatisticsObject, string>()));
    let text = byObject.get(object);
    if (text === undefined) byObject.set(object, (text = JSON.stringify(layoutRecord(object, layout))));
    return text;
  }
}

/** The layouts that the other end of a channel has sent, by their numbers. */
export class ReceivedLayouts {
  readonly #layouts: DecodedLayout[] = [];

  /** Adds the layout in the body of a message. Throws a RangeError if there are too many. */
  add(body: Buffer): void {
    if (this.#layouts.length >= layoutLimit) throw new RangeError('Too many layouts were sent');
    this.#layouts.push(parseLayout(body.toString()));
  }

  /** Throws a RangeError for a number that no layout has. */
  at(number: number): DecodedLayout {
    const layout = this.#layouts[number];
    if (layout === undefined) throw new RangeError(`No layout of number ${number} was sent`);
    return layout;
  }
}

/** The layout of such a text. Throws a RangeError if its kind of object is unknown. */
export function parseLayout(text: string): DecodedLayout {
  // Written above, by a process of the same program.
  const record = JSON.parse(text) as LayoutRecord;
  if (statisticsObjects.includes(record.object)) return new DecodedLayout(record);
  throw new RangeError(`There is no such kind of object: ${text.slice(0, 80)}`);
}
