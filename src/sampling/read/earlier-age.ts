/** How old the earlier reading may be that a change is taken from, in milliseconds before the later one. */

/** Bounds, and the age that is preferred between them. */
export interface EarlierAge {
  readonly least: number;
  readonly wanted: number;
  readonly most: number;
}

/** For a change over so many milliseconds: clients that poll at this interval come a little early at times. */
export function ageForOver(milliseconds: number): EarlierAge {
  return { least: (milliseconds * 9) / 10, wanted: milliseconds, most: milliseconds * 2 };
}

/** For the first event of a subscription, which has no event before it. */
export function ageForFirstEvent(everyMilliseconds: number): EarlierAge {
  return { least: everyMilliseconds / 2, wanted: everyMilliseconds, most: everyMilliseconds * 2 };
}
