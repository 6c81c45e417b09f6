/** Layouts of readings without a page, for another process: each is told once, and has a number from then on. */
import { countersOf, timesOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';
import type { NamedLayout, UnnamedCell } from '../../snapshot/reading.ts';

/** Layouts that have a number on a channel: a host has one for each kind of object, or a few. */
export const layoutLimit = 64;

/** The offset of each slot that has one. */
type SlotOffsets = readonly (readonly [slot: number, offset: number])[];

/** What stands where in values: slots of counters and of their bases, and names of numbers without a counter. */
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

/** A layout that another process told of. */
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

/** The layouts that one end of a channel has told the other of. */
export class SentLayouts {
  readonly #send: (body: Buffer) => void;
  /** By what they say, so that one that was made anew is no new one. */
  readonly #numbers = new Map<string, number>();
  readonly #texts = new WeakMap<NamedLayout, Map<StatisticsObject, string>>();

  /** `tell` is given the body of a message for each new layout. */
  constructor(send: (body: Buffer) => void) {
    this.#send = send;
  }

  /** The number of a layout; its text where there are too many for it to have one. */
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

  /** Made once a layout. */
  #textOf(object: StatisticsObject, layout: NamedLayout): string {
    let byObject = this.#texts.get(layout);
    if (byObject === undefined) this.#texts.set(layout, (byObject = new Map<StatisticsObject, string>()));
    let text = byObject.get(object);
    if (text === undefined) byObject.set(object, (text = JSON.stringify(layoutRecord(object, layout))));
    return text;
  }
}

/** The layouts that the other end of a channel told of, by their numbers. */
export class ReceivedLayouts {
  readonly #layouts: DecodedLayout[] = [];

  /** Takes the body of a message. Throws a RangeError where there are more than have numbers. */
  add(body: Buffer): void {
    if (this.#layouts.length >= layoutLimit) throw new RangeError('Too many layouts were told of');
    this.#layouts.push(parseLayout(body.toString()));
  }

  /** Throws a RangeError for a number that no layout has. */
  at(number: number): DecodedLayout {
    const layout = this.#layouts[number];
    if (layout === undefined) throw new RangeError(`No layout of the number ${number} was told of`);
    return layout;
  }
}

/** The layout of such a text. Throws a RangeError where it is of no kind of object. */
export function parseLayout(text: string): DecodedLayout {
  // Written above, by a process of the same program.
  const record = JSON.parse(text) as LayoutRecord;
  if (statisticsObjects.includes(record.object)) return new DecodedLayout(record);
  throw new RangeError(`There is no such kind of object: ${text.slice(0, 80)}`);
}
