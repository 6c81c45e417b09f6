/** Decides which virtual processor runs on which logical processor. */
import { ticksPerSlice } from './integral.ts';

/** The largest share of a logical processor that guests get; the rest is the hypervisor's. */
const capacity = 0.97 * ticksPerSlice;
/**
 * Above this load, a virtual processor moves to a logical processor whose load is lower by at least the margin, if
 * there is one.
 */
const comfort = 0.75 * ticksPerSlice;
const margin = 0.1 * ticksPerSlice;

/** No logical processor: the virtual processor does not exist, or has not run yet. */
export const nowhere = -1;

/**
 * Places virtual processors for each second. Each one stays where it was if there is room; otherwise it migrates to the
 * least loaded logical processor. If no processor has room, all virtual processors on it are reduced by the same share.
 */
export class Scheduler {
  /** The logical processor of each virtual processor. */
  readonly place: Int32Array;
  /** How often each virtual processor has moved. */
  readonly migrations: Float64Array;
  /** The share of its requests that each logical processor can grant, from 0 to 1; and whether all grant everything. */
  readonly grant: Float64Array;
  grantsAll = true;
  readonly #load: Float64Array;

  constructor(size: { readonly virtualProcessors: number; readonly logicalProcessors: number }) {
    this.place = new Int32Array(size.virtualProcessors).fill(nowhere);
    this.migrations = new Float64Array(size.virtualProcessors);
    this.grant = new Float64Array(size.logicalProcessors);
    this.#load = new Float64Array(size.logicalProcessors);
  }

  /** Removes the virtual processors from `from` up to, but not including, `before`. */
  clear(from: number, before: number): void {
    this.place.fill(nowhere, from, before);
    this.migrations.fill(0, from, before);
  }

  /**
   * Places all virtual processors by the ticks of each slice that they request in the coming second; 0 if one does not
   * exist.
   */
  schedule(wanted: Float64Array): void {
    const load = this.#load.fill(0);
    // Loads only grow here, so the least load found so far is a lower bound: a full host need not be searched again.
    let leastLoad = 0;
    for (let n = 0; n < wanted.length; n++) {
      const want = wanted[n] ?? 0;
      if (want === 0) continue;
      const place = this.place[n] ?? nowhere;
      const loadHere = place === nowhere ? Infinity : (load[place] ?? 0);
      let chosen = place;
      if (loadHere + want > comfort && (leastLoad + want <= capacity || place === nowhere)) {
        const quietest = indexOfLeast(load);
        leastLoad = load[quietest] ?? 0;
        if (leastLoad + margin <= loadHere) chosen = quietest;
      }
      if (chosen !== place) this.#move(n, chosen);
      load[chosen] = (load[chosen] ?? 0) + want;
    }
    this.#decide();
  }

  #decide(): void {
    this.grantsAll = true;
    for (let n = 0; n < this.#load.length; n++) {
      const load = this.#load[n] ?? 0;
      this.grant[n] = load > capacity ? capacity / load : 1;
      if (load > capacity) this.grantsAll = false;
    }
  }

  #move(virtualProcessor: number, logicalProcessor: number): void {
    if (this.place[virtualProcessor] !== nowhere) {
      this.migrations[virtualProcessor] = (this.migrations[virtualProcessor] ?? 0) + 1;
    }
    this.place[virtualProcessor] = logicalProcessor;
  }
}

function indexOfLeast(values: Float64Array): number {
  let least = 0;
  for (let n = 1; n < values.length; n++) if ((values[n] ?? 0) < (values[least] ?? 0)) least = n;
  return least;
}
