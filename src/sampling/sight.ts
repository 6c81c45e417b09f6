/** What one reading of the source gave: of each object what was there, all of one moment. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { objectKey } from '../snapshot/object-name.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { Sample } from './growth.ts';
import type { Outcome } from './outcome.ts';

/** A sight of some objects. Where the source failed as a whole, that is what came of each. */
export interface Sight {
  readonly at: Moment | HvqlError;
  /** The object's reading; null for an object that was not asked for. */
  sampleOf(object: Granted): Outcome<Sample>;
}

/** Reads objects. Rejects only with what is not an HvqlError. */
export async function see(
  objects: readonly Granted[],
  read: (objects: readonly Granted[]) => Promise<Readings>,
): Promise<Sight> {
  let readings: Readings;
  try {
    readings = await read(objects);
  } catch (error) {
    if (!(error instanceof HvqlError)) throw error;
    return { at: error, sampleOf: () => error };
  }
  const { at, outcomes } = readings;
  const byKey = new Map(objects.map((object, n) => [objectKey(object), outcomes[n]]));
  return {
    at,
    sampleOf(object) {
      const outcome = byKey.get(objectKey(object));
      if (outcome === undefined || outcome instanceof HvqlError) return outcome ?? null;
      return { at, reading: outcome };
    },
  };
}
