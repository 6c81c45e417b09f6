/** The held readings of one object, oldest first. */
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { EarlierAge } from './earlier-readings.ts';
import type { TakenSample } from './snapshot.ts';

/** What all readings of one snapshot have in common. */
export interface HeldSnapshot {
  readonly at: Moment;
  readonly milliseconds: number;
  readonly absencesBefore: number;
}

/** The approximate size of a reading without the bytes of its counters: itself, its view, and two list entries. */
const overheadBytes = 250;
/** The approximate size of a reading that is not in memory as cells. */
const valuesBytes = 2_000;

/** The approximate memory that holding a reading takes. */
export function bytesOf({ cells }: Reading): number {
  return overheadBytes + (cells?.view.byteLength ?? valuesBytes);
}

/** What is no longer held. */
export interface Dropped {
  readonly bytes: number;
  readonly readings: number;
}

/** Two parallel lists, since there may be hundreds of thousands of readings. */
export class ReadingSeries {
  readonly #snapshots: HeldSnapshot[] = [];
  readonly #readings: Reading[] = [];

  get length(): number {
    return this.#snapshots.length;
  }

  get oldest(): HeldSnapshot | undefined {
    return this.#snapshots[0];
  }

  get newest(): HeldSnapshot | undefined {
    return this.#snapshots.at(-1);
  }

  add(snapshot: HeldSnapshot, reading: Reading): void {
    this.#snapshots.push(snapshot);
    this.#readings.push(reading);
  }

  /** The reading whose age is nearest to the wanted one; undefined if none is within the bounds. */
  find(now: number, { least, wanted, most }: EarlierAge): TakenSample | undefined {
    // The first reading that is younger than wanted, and the one before it.
    const low = this.#firstAfter(now - wanted);
    const [older, younger] = [this.#ageAt(low - 1, now), this.#ageAt(low, now)];
    const hasOlder = older <= most;
    const hasYounger = younger >= least;
    if (!hasOlder && !hasYounger) return undefined;
    const isYounger = hasYounger && (!hasOlder || wanted - younger < older - wanted);
    return this.#sampleAt(isYounger ? low : low - 1);
  }

  /** Keeps only the first reading between two moments, made smaller. */
  settle({ from, until }: { from: number; until: number }, smaller: (reading: Reading) => Reading): Dropped {
    const first = this.#firstAfter(from, true);
    const end = this.#firstAfter(until, true);
    const reading = this.#readings[first];
    if (reading === undefined || first === end) return { bytes: 0, readings: 0 };
    const replaced = smaller(reading);
    this.#readings[first] = replaced;
    this.#snapshots.splice(first + 1, end - first - 1);
    const others = this.#readings.splice(first + 1, end - first - 1);
    const bytes = others.reduce((sum, each) => sum + bytesOf(each), bytesOf(reading) - bytesOf(replaced));
    return { bytes, readings: others.length };
  }

  /**
   * Drops readings older than `oldest`, and of the others each one whose neighbours are within this ratio of age. So
   * dropping never leaves two neighbours further apart than the ratio. The newest remaining reading stays. Returns
   * the dropped bytes and readings.
   */
  thin(
    now: number,
    { oldest, ratio }: { oldest: number; ratio: number },
  ): { bytes: number; readings: number } {
    const [snapshots, readings] = [this.#snapshots, this.#readings];
    const before = snapshots.length;
    let bytes = 0;
    let kept = 0;
    for (let n = 0; n < before; n += 1) {
      const [snapshot, reading] = [snapshots[n], readings[n]];
      if (snapshot === undefined || reading === undefined) continue;
      const next = snapshots[n + 1];
      const isOld = now - snapshot.milliseconds > oldest;
      const previousAge = kept === 0 ? Infinity : now - (snapshots[kept - 1]?.milliseconds ?? 0);
      const isBetween = next !== undefined && previousAge <= ratio * (now - next.milliseconds);
      if (isOld || isBetween) {
        bytes += bytesOf(reading);
        continue;
      }
      snapshots[kept] = snapshot;
      readings[kept] = reading;
      kept += 1;
    }
    snapshots.length = kept;
    readings.length = kept;
    return { bytes, readings: before - kept };
  }

  /** The index of the first reading after a moment, or at it if `isAtWanted`. */
  #firstAfter(moment: number, isAtWanted = false): number {
    let [low, high] = [0, this.#snapshots.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.#snapshots[middle]?.milliseconds ?? 0;
      if (at > moment || (isAtWanted && at === moment)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #ageAt(n: number, now: number): number {
    const snapshot = this.#snapshots[n];
    return snapshot === undefined ? Number.NaN : now - snapshot.milliseconds;
  }

  #sampleAt(n: number): TakenSample | undefined {
    const [snapshot, reading] = [this.#snapshots[n], this.#readings[n]];
    if (snapshot === undefined || reading === undefined) return undefined;
    return { at: snapshot.at, reading, absencesBefore: snapshot.absencesBefore };
  }
}
