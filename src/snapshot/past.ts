/** Past readings of objects, oldest first, and how they are thinned. */
import { HvqlError } from '../errors.ts';
import type { Moment } from './moment.ts';
import type { ObjectName } from './object-name.ts';
import type { Reading } from './reading.ts';

/** The moment of a past snapshot: one object for all readings of the snapshot. */
export interface PastMoment {
  readonly at: Moment;
  /** By the steady clock. */
  readonly milliseconds: number;
}

/** A past reading, decoded on access. */
export interface PastSample {
  readonly snapshot: PastMoment;
  reading(): Reading;
}

/** The readings of an object's current lifetime in a period, and the one before them, if it exists. */
export interface Past {
  readonly before: PastSample | null;
  readonly samples: readonly PastSample[];
}

/** The size of the stored past readings. */
export interface HeldFacts {
  readonly readings: number;
  readonly bytes: number;
  readonly maximumBytes: number;
  /** From the oldest snapshot to the newest; null if nothing is held. */
  readonly spanMilliseconds: number | null;
  readonly historyMilliseconds: number;
}

/** Nothing was read. */
export const noPast: Past = { before: null, samples: [] };

/** Which part of the past of some objects: the last milliseconds, and how far apart samples are at least; null for all. */
export interface PastQuestion<Name extends ObjectName = ObjectName> {
  readonly objects: readonly Name[];
  readonly last: number | null;
  readonly step: number | null;
}

/** Samples may be this part of a step apart: clients that read at this interval are sometimes early. */
const leastOfStep = 9 / 10;

/**
 * The samples at moments that are at least about a step apart, the same for all objects. Of moments that are nearer,
 * one at which more of the objects were read is preferred.
 */
export function thinnedPasts(pasts: readonly Past[], step: number | null): readonly Past[] {
  if (step === null) return pasts;
  const counts = new Map<PastMoment, number>();
  for (const { samples } of pasts)
    for (const { snapshot } of samples) counts.set(snapshot, (counts.get(snapshot) ?? 0) + 1);
  const moments = [...counts].sort(([a], [b]) => a.milliseconds - b.milliseconds);
  const kept: (readonly [PastMoment, number])[] = [];
  for (const moment of moments) {
    const last = kept.at(-1);
    const isFar = last === undefined || moment[0].milliseconds - last[0].milliseconds >= step * leastOfStep;
    if (isFar) kept.push(moment);
    else if (moment[1] > last[1]) kept[kept.length - 1] = moment;
  }
  const chosen = new Set(kept.map(([snapshot]) => snapshot));
  return pasts.map(({ before, samples }) => ({
    before,
    samples: samples.filter(({ snapshot }) => chosen.has(snapshot)),
  }));
}

/** Throws LIMIT_EXCEEDED if there are more samples than this. */
export function checkSampleCount(samples: number, most: number): void {
  if (samples <= most) return;
  throw new HvqlError(
    'LIMIT_EXCEEDED',
    `The history would be made from ${samples} readings, but at most ${most} are allowed: request a shorter time (last), ` +
      'a longer step, or fewer objects.',
    { limit: most, actual: samples },
  );
}
