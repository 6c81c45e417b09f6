/** A reader that reads nothing and records the requests, to plan an operation by walking it. */
import type { Granted } from '../../access/access.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { ReadingChange } from '../change/change.ts';
import type { SnapshotReader, ReadRequest, Over, Ranking } from './snapshot-reader.ts';

const noMoment: Moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };
/** In place of every reading: a page without groups and no values. */
const noReading: Reading = {
  value: () => undefined,
  page: { bytes: new Uint8Array(), groups: () => [] },
};

/** Records requests. For an order, all objects that may come first are recorded. */
export class PlanningSnapshotReader implements SnapshotReader {
  readonly defaultOver: Over;
  /** The number of requests for readings, repeated ones included, and of objects put in order. */
  readonly asked = { readings: 0, ranked: 0 };
  readonly #requests: ReadRequest[] = [];
  /** The times that changes of an object were requested over; null for its reading. */
  readonly #noted = new Map<Granted | null, Set<Over | null>>();
  readonly #changes = new Map<StatisticsObject, ReadingChange>();
  readonly #lengths = new WeakMap<readonly unknown[], number>();

  constructor(defaultOver: Over) {
    this.defaultOver = defaultOver;
  }

  get requests(): readonly ReadRequest[] {
    return this.#requests;
  }

  moment(): Moment {
    this.#note({ object: null, over: null });
    return noMoment;
  }

  reading(object: Granted): Reading {
    this.asked.readings += 1;
    this.#note({ object, over: null });
    return noReading;
  }

  change(object: Granted, over: Over): ReadingChange {
    this.asked.readings += 1;
    this.#note({ object, over });
    let change = this.#changes.get(object.object);
    if (change === undefined) {
      const sample = { at: noMoment, reading: noReading };
      change = new ReadingChange(object.object, { earlier: sample, later: sample });
      this.#changes.set(object.object, change);
    }
    return change;
  }

  first<Item>(items: readonly Item[], { order, first, objectsOf }: Ranking<Item>): readonly Item[] {
    const over = order.by === 'VALUE' ? null : this.defaultOver;
    for (const item of items) {
      const objects = objectsOf(item);
      const members = 'object' in objects ? [objects] : objects;
      this.asked.ranked += Math.max(1, members.length);
      for (const object of members) this.#note({ object, over });
    }
    if (first !== null) this.#lengths.set(items, first);
    return items;
  }

  /** The largest number of items of a list that `first` returned; undefined if that is all, or for other lists. */
  lengthOf(items: readonly unknown[]): number | undefined {
    return this.#lengths.get(items);
  }

  #note(request: ReadRequest): void {
    let overs = this.#noted.get(request.object);
    if (overs === undefined) this.#noted.set(request.object, (overs = new Set()));
    if (overs.has(request.over)) return;
    overs.add(request.over);
    this.#requests.push(request);
  }
}
