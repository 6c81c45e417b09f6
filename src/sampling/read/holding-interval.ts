/** How far apart the stored readings of an object are: as close as the requested changes need them. */

/**
 * The distance in milliseconds if no changes are requested. History has one reading per second; readings may be late, so
 * this is shorter.
 */
const forHistory = 750;
/** The shortest distance in milliseconds: 0.9 of the shortest time that changes can be requested over. */
const least = 90;
/** The share of the requested time, so that a reading of nearly the wanted age exists. */
const shareOfChange = 1 / 4;
/** How long a request for changes counts. */
const countedMilliseconds = 60_000;

/** The current distance. Times are milliseconds of the source's steady clock. */
export class HoldingInterval {
  /** The shortest requested time of changes. */
  #shortest = Infinity;
  /** When it was last requested. */
  #requestedAt = Number.NEGATIVE_INFINITY;

  /** Notes a request for changes over this time. */
  note(over: number, now: number): void {
    if (over > this.#shortest && this.#isCounted(now)) return;
    this.#shortest = over;
    this.#requestedAt = now;
  }

  /** The distance that stored readings have now, in milliseconds. */
  at(now: number): number {
    if (!this.#isCounted(now)) return forHistory;
    return Math.min(forHistory, Math.max(least, this.#shortest * shareOfChange));
  }

  #isCounted(now: number): boolean {
    return now - this.#requestedAt <= countedMilliseconds;
  }
}
