/** The past of objects, and of several together, from held readings. No sample is ever made up. */
import type { Granted } from '../../access/access.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { ReadingChange } from '../change/change.ts';
import { ChangeTotal, ReadingTotal } from '../change/total.ts';
import type { Past } from './held-readings.ts';
import type { HistoryReader, HistoryRequest, ObjectSample, TotalSample } from './history-sample.ts';
import type { HeldSnapshot } from './past-readings.ts';
import type { HeldSample } from './reading-series.ts';

/** Finds held readings of the last milliseconds; null for as far back as history goes. */
export type FindPast = (object: Granted, last: number | null) => Past;

/** Samples may be this part of a step apart: clients that read at this interval are sometimes early. */
const leastOfStep = 9 / 10;

/** The past of the objects that a caller may read now. */
export class History implements HistoryReader {
  readonly #findPast: FindPast;

  constructor(findPast: FindPast) {
    this.#findPast = findPast;
  }

  /** The samples of an object, oldest first. */
  of(object: Granted, { last, step }: HistoryRequest): readonly ObjectSample[] {
    const { before, samples } = this.#findPast(object, last);
    let earlier = before;
    return thinned(samples, { step, of: ({ snapshot }) => snapshot, isBetter: () => false }).map((later) => {
      const sample = new HeldObjectSample(object, { earlier, later });
      earlier = later;
      return sample;
    });
  }

  /** The samples of several objects together, oldest first. */
  ofTotal(objects: readonly Granted[], { last, step }: HistoryRequest): readonly TotalSample[] {
    const bySnapshot = new Map<HeldSnapshot, ReadObject[]>();
    const earlier: (HeldSample | null)[] = [];
    for (const [n, object] of objects.entries()) {
      const { before, samples } = this.#findPast(object, last);
      earlier.push(before);
      for (const later of samples) {
        const members = bySnapshot.get(later.snapshot);
        if (members === undefined) bySnapshot.set(later.snapshot, [{ n, object, later }]);
        else members.push({ n, object, later });
      }
    }
    const times = [...bySnapshot].sort(([a], [b]) => a.milliseconds - b.milliseconds);
    const chosen = thinned(times, {
      step,
      of: ([snapshot]) => snapshot,
      isBetter: ([, members], [, others]) => members.length > others.length,
    });
    return chosen.map(([{ at }, members]) => {
      const samples = members.map(({ n, object, later }) => {
        const sample = new HeldObjectSample(object, { earlier: earlier[n] ?? null, later });
        earlier[n] = later;
        return sample;
      });
      return new HeldTotalSample(at, { of: objects.length, samples });
    });
  }
}

/** An object by its number in the total, and its reading at one moment. */
interface ReadObject {
  readonly n: number;
  readonly object: Granted;
  readonly later: HeldSample;
}

class HeldObjectSample implements ObjectSample {
  readonly #object: Granted;
  readonly #earlier: HeldSample | null;
  readonly #later: HeldSample;

  constructor(object: Granted, { earlier, later }: { earlier: HeldSample | null; later: HeldSample }) {
    this.#object = object;
    this.#earlier = earlier;
    this.#later = later;
  }

  get at(): Moment {
    return this.#later.snapshot.at;
  }

  get reading(): Reading {
    return this.#later.reading();
  }

  get change(): ReadingChange | null {
    if (this.#earlier === null) return null;
    return new ReadingChange(this.#object.object, {
      earlier: { at: this.#earlier.snapshot.at, reading: this.#earlier.reading() },
      later: { at: this.at, reading: this.reading },
    });
  }
}

class HeldTotalSample implements TotalSample {
  readonly at: Moment;
  readonly of: number;
  readonly #samples: readonly HeldObjectSample[];

  constructor(at: Moment, { of, samples }: { of: number; samples: readonly HeldObjectSample[] }) {
    this.at = at;
    this.of = of;
    this.#samples = samples;
  }

  get readable(): number {
    return this.#samples.length;
  }

  get reading(): ReadingTotal {
    return new ReadingTotal(this.#samples.map(({ reading }) => reading));
  }

  get change(): ChangeTotal | null {
    const [first, ...rest] = this.#samples.flatMap(({ change }) => change ?? []);
    return first === undefined ? null : new ChangeTotal([first, ...rest]);
  }
}

/** Items at least about a step apart. A better one takes the place of the one before it. */
function thinned<Item>(
  items: readonly Item[],
  {
    step,
    of,
    isBetter,
  }: {
    readonly step: number | null;
    readonly of: (item: Item) => HeldSnapshot;
    readonly isBetter: (item: Item, than: Item) => boolean;
  },
): readonly Item[] {
  if (step === null) return items;
  const kept: Item[] = [];
  for (const item of items) {
    const last = kept.at(-1);
    const isFar = last === undefined || of(item).milliseconds - of(last).milliseconds >= step * leastOfStep;
    if (isFar) kept.push(item);
    else if (isBetter(item, last)) kept[kept.length - 1] = item;
  }
  return kept;
}
