/** The history of objects, and of several together, from stored readings. Samples are never interpolated. */
import type { Granted } from '../../access/access.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import {
  noPast,
  type Past,
  type PastMoment,
  type PastQuestion,
  type PastSample,
} from '../../snapshot/past.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { ReadingChange } from '../change/change.ts';
import { ChangeTotal, ReadingTotal } from '../change/total.ts';
import type { HistoryReader, HistoryRequest, ObjectSample, TotalSample } from './history-sample.ts';

/** Finds the past readings of some objects, one history for each of them. */
export type FindPasts = (question: PastQuestion<Granted>) => readonly Past[];

/** The history of the objects that a caller may read now. */
export class History implements HistoryReader {
  readonly #findPasts: FindPasts;

  constructor(findPasts: FindPasts) {
    this.#findPasts = findPasts;
  }

  /** The samples of an object, oldest first. */
  of(object: Granted, request: HistoryRequest): readonly ObjectSample[] {
    const [past = noPast] = this.#findPasts({ ...request, objects: [object] });
    let earlier = past.before;
    return past.samples.map((later) => {
      const sample = new HeldObjectSample(object, { earlier, later });
      earlier = later;
      return sample;
    });
  }

  /** The samples of several objects together, oldest first. */
  ofTotal(objects: readonly Granted[], request: HistoryRequest): readonly TotalSample[] {
    const bySnapshot = new Map<PastMoment, HeldObjectSample[]>();
    const pasts = this.#findPasts({ ...request, objects });
    for (const [n, object] of objects.entries()) {
      const past = pasts[n] ?? noPast;
      let earlier = past.before;
      for (const later of past.samples) {
        const sample = new HeldObjectSample(object, { earlier, later });
        earlier = later;
        const members = bySnapshot.get(later.snapshot);
        if (members === undefined) bySnapshot.set(later.snapshot, [sample]);
        else members.push(sample);
      }
    }
    return [...bySnapshot]
      .sort(([a], [b]) => a.milliseconds - b.milliseconds)
      .map(([{ at }, samples]) => new HeldTotalSample(at, { of: objects.length, samples }));
  }
}

/** Whether a total went backwards, or a share of time is impossible, between two readings of an object. */
export function isResetBetween(
  { object }: Pick<ObjectName, 'object'>,
  { earlier, later }: { readonly earlier: PastSample; readonly later: PastSample },
): boolean {
  const change = new ReadingChange(object, {
    earlier: { at: earlier.snapshot.at, reading: earlier.reading() },
    later: { at: later.snapshot.at, reading: later.reading() },
  });
  return change.isReset;
}

class HeldObjectSample implements ObjectSample {
  readonly #object: Granted;
  readonly #earlier: PastSample | null;
  readonly #later: PastSample;

  constructor(object: Granted, { earlier, later }: { earlier: PastSample | null; later: PastSample }) {
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
