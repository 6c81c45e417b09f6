/** A reader that reads nothing and records the requests, to plan an operation by walking it. */
import type { Granted } from '../../access/access.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { ReadingChange } from '../change/change.ts';
import type { HistoryReader, ObjectSample, TotalSample } from './history-sample.ts';
import type { SnapshotReader, ReadRequest, Over, Ranking } from './snapshot-reader.ts';

const noMoment: Moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };
/** In place of every reading: a page without groups and no values. */
const noReading: Reading = {
  value: () => undefined,
  page: { bytes: new Uint8Array(), groups: () => [] },
};

/** Records requests. For a sorted list, all candidates are recorded. */
export class PlanningSnapshotReader implements SnapshotReader {
  readonly defaultOver: Over;
  /** The number of requests for readings, including repeated ones, of sorted objects, and of requests for the history. */
  readonly asked = { readings: 0, ranked: 0, histories: 0 };
  readonly history: HistoryReader;
  readonly #requests: ReadRequest[] = [];
  /** The requested times of changes of an object; null for its reading. */
  readonly #noted = new Map<Granted | null, Set<Over | null>>();
  readonly #changes = new Map<StatisticsObject, ReadingChange>();
  readonly #lengths = new WeakMap<readonly unknown[], number>();

  /** `history` returns the number of samples. */
  constructor(defaultOver: Over, history: HistoryReader) {
    this.defaultOver = defaultOver;
    this.history = {
      of: (object, request) =>
        this.#samples(history.of(object, request).length, {
          at: noMoment,
          reading: noReading,
          change: this.#changeOf(object.object),
        }),
      ofTotal: (objects, request) => {
        const [first] = objects;
        const change = first === undefined ? null : this.#changeOf(first.object);
        const sample = new PlannedTotal({ asked: this.asked, members: objects.length, change });
        return this.#samples(history.ofTotal(objects, request).length, sample);
      },
    };
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
    return this.#changeOf(object.object);
  }

  #samples<Sample extends ObjectSample>(count: number, sample: Sample): readonly Sample[] {
    this.asked.histories += 1;
    return new Array<Sample>(count).fill(sample);
  }

  #changeOf(object: StatisticsObject): ReadingChange {
    let change = this.#changes.get(object);
    if (change === undefined) {
      const sample = { at: noMoment, reading: noReading };
      change = new ReadingChange(object, { earlier: sample, later: sample });
      this.#changes.set(object, change);
    }
    return change;
  }

  first<Item>(items: readonly Item[], { order, first, objectsOf }: Ranking<Item>): readonly Item[] {
    const over = order.by === 'VALUE' ? null : order.over;
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

/** In place of every sample of a total: each of its numbers is read from as many objects. */
class PlannedTotal implements TotalSample {
  readonly at = noMoment;
  readonly of = 0;
  readonly readable = 0;
  readonly #asked: PlanningSnapshotReader['asked'];
  readonly #members: number;
  readonly #change: ReadingChange | null;

  constructor(parts: {
    readonly asked: PlanningSnapshotReader['asked'];
    readonly members: number;
    readonly change: ReadingChange | null;
  }) {
    this.#asked = parts.asked;
    this.#members = parts.members;
    this.#change = parts.change;
  }

  get reading(): Reading {
    this.#asked.readings += this.#members;
    return noReading;
  }

  get change(): ReadingChange | null {
    this.#asked.readings += this.#members;
    return this.#change;
  }
}
