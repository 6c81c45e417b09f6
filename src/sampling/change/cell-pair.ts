/** Two readings of one object with the same layout in memory: their differences, without bigints. */
import { countersThatNeverGoBack, timesOf } from '../../catalogue/catalogue.ts';
import { nanosecondsPerUnit, type Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { CellLayout, Reading } from '../../snapshot/reading.ts';

const halfRange = 0x1_0000_0000;

/** The offsets of all counters that must not go backwards, by layout. */
const offsetsOfTotals = new WeakMap<CellLayout, readonly number[]>();

/** The counters of time in a layout. */
const timesIn = new WeakMap<CellLayout, readonly Counter[]>();

/** The earlier and the later cells. */
export class CellPair {
  readonly #earlier: DataView;
  readonly #later: DataView;
  readonly #layout: CellLayout;

  private constructor(earlier: DataView, later: DataView, layout: CellLayout) {
    this.#earlier = earlier;
    this.#later = later;
    this.#layout = layout;
  }

  /** null if one of the readings has no cells, or their layouts differ. */
  static of({ cells: earlier }: Reading, { cells: later }: Reading): CellPair | null {
    if (earlier === undefined || later === undefined || earlier.layout !== later.layout) return null;
    return new CellPair(earlier.view, later.view, later.layout);
  }

  /**
   * The difference of the counter as the nearest number; negative if it went backwards, null if it is absent. The
   * upper half is exact, so adding the lower half rounds once, as `Number` does with a bigint.
   */
  difference(counter: Counter): number | null {
    const at = this.#layout.offsetOf(counter);
    if (at < 0) return null;
    let low = this.#later.getUint32(at, true) - this.#earlier.getUint32(at, true);
    let high = this.#later.getUint32(at + 4, true) - this.#earlier.getUint32(at + 4, true);
    // Both need the same sign, or the sum would round twice.
    if (high > 0 && low < 0) {
      low += halfRange;
      high -= 1;
    } else if (high < 0 && low > 0) {
      low -= halfRange;
      high += 1;
    }
    return high * halfRange + low;
  }

  /** Whether any of the object's totals or clocks went backwards. */
  wentBackwards(object: StatisticsObject): boolean {
    for (const at of this.#totals(object)) {
      const before = this.#earlier.getUint32(at + 4, true);
      const after = this.#later.getUint32(at + 4, true);
      if (after > before) continue;
      if (after < before || this.#later.getUint32(at, true) < this.#earlier.getUint32(at, true)) return true;
    }
    return false;
  }

  /** Whether any of the object's counters of time grew by more than this. */
  tookLonger(object: StatisticsObject, nanoseconds: number): boolean {
    let times = timesIn.get(this.#layout);
    if (times === undefined) {
      times = timesOf(object).filter((counter) => this.#layout.offsetOf(counter) >= 0);
      timesIn.set(this.#layout, times);
    }
    for (const counter of times)
      if ((this.difference(counter) ?? 0) * nanosecondsPerUnit(counter) > nanoseconds) return true;
    return false;
  }

  /** A layout belongs to one kind of object. */
  #totals(object: StatisticsObject): readonly number[] {
    let offsets = offsetsOfTotals.get(this.#layout);
    if (offsets === undefined) {
      offsets = countersThatNeverGoBack(object)
        .map((counter) => this.#layout.offsetOf(counter))
        .filter((at) => at >= 0);
      offsetsOfTotals.set(this.#layout, offsets);
    }
    return offsets;
  }
}
