/** The stored readings of one object, oldest first: recent ones as they were read, and older ones as differences. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { PastSample } from '../../snapshot/past.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { EarlierAge } from './earlier-readings.ts';
import { isResetBetween } from './history.ts';
import { memoryInBytesOf, packed, type CopyMemory } from '../../snapshot/packed-reading.ts';
import { PastReadings, type HeldSnapshot } from './past-readings.ts';
import type { TakenSample } from './snapshot.ts';

/** A stored reading that is decoded on access. */
export interface HeldSample extends PastSample {
  readonly snapshot: HeldSnapshot;
}

/** From this age on, readings are stored as differences. Most changes are computed from younger ones. */
const pastMilliseconds = 2_500;
/** The minimum distance of packed readings. Packing every reading of a client that polls quickly would cost several percent. */
const apartMilliseconds = 750;

/** Which readings to drop. */
export interface Thinning {
  /** Readings older than this are dropped, in milliseconds. */
  readonly oldest: number;
  /** Others are dropped if their neighbours are within this ratio of age, … */
  readonly ratio: number;
  /** … and at most this many milliseconds apart. */
  readonly spacing: number;
}

/** Which readings to pack. */
export interface Settling {
  /** The beginning (inclusive) and the end (exclusive), in milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Whether the readings are packed, which is worthwhile only if they are stored for minutes. */
  readonly packs: boolean;
  /** Shared by the readings that are packed together. */
  readonly memory: CopyMemory;
}

/** Parallel arrays instead of objects, because there may be hundreds of thousands of readings. */
export class ReadingSeries {
  readonly #object: StatisticsObject;
  #past: PastReadings[] = [];
  #pastBytes = 0;
  readonly #snapshots: HeldSnapshot[] = [];
  readonly #readings: Reading[] = [];
  #recentBytes = 0;
  #addedAt = Number.NEGATIVE_INFINITY;
  /** How many of the recent readings are settled: no reading will be inserted between them. */
  #settled = 0;
  /** The moment of the first past reading after the latest reset. */
  #lifeBegan = Number.NEGATIVE_INFINITY;

  constructor(object: StatisticsObject) {
    this.#object = object;
  }

  get length(): number {
    return this.#pastLength + this.#snapshots.length;
  }

  /** The approximate memory that it takes. */
  get memoryInBytes(): number {
    return this.#pastBytes + this.#recentBytes;
  }

  /** When the last added reading was taken, in milliseconds; it may have been dropped since. */
  get addedAt(): number {
    return this.#addedAt;
  }

  get oldest(): HeldSnapshot | undefined {
    return this.#past[0]?.snapshots[0] ?? this.#snapshots[0];
  }

  get newest(): HeldSnapshot | undefined {
    return this.#snapshots.at(-1) ?? this.#past.at(-1)?.snapshots.at(-1);
  }

  /** Adds a reading, and returns the bytes that it takes. */
  add(snapshot: HeldSnapshot, reading: Reading): number {
    this.#snapshots.push(snapshot);
    this.#readings.push(reading);
    this.#addedAt = snapshot.milliseconds;
    const bytes = memoryInBytesOf(reading);
    this.#recentBytes += bytes;
    return bytes;
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
    const found = this.#sampleAt(isYounger ? low : low - 1);
    if (found === undefined) return undefined;
    const { at, absencesBefore } = found.snapshot;
    return { at, reading: found.reading(), absencesBefore };
  }

  /** The readings since the latest reset that are not older than `from`, and the one before them, if there is one. */
  since(from: number): { readonly before: HeldSample | null; readonly samples: readonly HeldSample[] } {
    const first = this.#firstAfter(Math.max(this.#lifeStart(), Number.MIN_SAFE_INTEGER), true);
    const start = Math.max(first, this.#firstAfter(from, true));
    const samples: HeldSample[] = [];
    for (let n = start; n < this.length; n += 1) {
      const sample = this.#sampleAt(n);
      if (sample !== undefined) samples.push(sample);
    }
    return { before: start > first ? (this.#sampleAt(start - 1) ?? null) : null, samples };
  }

  /** Keeps only the first reading between two times. With `packs` it is packed, and older ones are stored as differences. */
  settle({ from, until, packs, memory }: Settling): void {
    const first = this.#recentAfter(from);
    const end = this.#recentAfter(until);
    const reading = this.#readings[first];
    if (reading === undefined || first === end) return;
    if (end > first + 1) this.#dropRecent(first + 1, end);
    if (packs) this.#replace(first, packed(reading, this.#object, memory));
    this.#settled = first + 1;
    if (packs) this.#pack(until - pastMilliseconds);
  }

  /**
   * Drops old readings, and of the others those between near neighbours. The newest remaining reading stays. So
   * dropping never leaves two neighbours further apart than the ratio.
   */
  thin(now: number, how: Thinning): void {
    if (how.ratio === 0) this.#dropBefore(now - how.oldest);
    else this.#thinOut(now, how);
  }

  #thinOut(now: number, { oldest, ratio, spacing }: Thinning): void {
    let previous = Number.NEGATIVE_INFINITY;
    const isKept = (milliseconds: number, next: number | undefined): boolean => {
      if (now - milliseconds > oldest) return false;
      const isBetween =
        next !== undefined && now - previous <= ratio * (now - next) && next - previous <= spacing;
      if (isBetween) return false;
      previous = milliseconds;
      return true;
    };
    this.#past = this.#past
      .map((past, n) => {
        const { snapshots } = past;
        const after = this.#past[n + 1]?.snapshots[0] ?? this.#snapshots[0];
        return past.only((each) =>
          isKept(snapshots[each]?.milliseconds ?? 0, (snapshots[each + 1] ?? after)?.milliseconds),
        );
      })
      .filter(({ length }) => length > 0);
    this.#pastBytes = sizeOf(this.#past);
    let kept = 0;
    let settled = 0;
    for (let n = 0; n < this.#snapshots.length; n += 1) {
      const [snapshot, reading] = [this.#snapshots[n], this.#readings[n]];
      if (snapshot === undefined || reading === undefined) continue;
      if (!isKept(snapshot.milliseconds, this.#snapshots[n + 1]?.milliseconds)) {
        this.#recentBytes -= memoryInBytesOf(reading);
        continue;
      }
      this.#snapshots[kept] = snapshot;
      this.#readings[kept] = reading;
      kept += 1;
      if (n < this.#settled) settled = kept;
    }
    this.#snapshots.length = this.#readings.length = kept;
    this.#settled = settled;
  }

  /** Drops the readings before a time, without visiting the others, of which there may be hundreds. */
  #dropBefore(moment: number): void {
    if (this.#past.length > 0) this.#dropPastBefore(moment);
    const end = this.#recentAfter(moment);
    if (end > 0) this.#dropRecent(0, end);
  }

  #dropPastBefore(moment: number): void {
    const isOld = (snapshot: HeldSnapshot | undefined): boolean =>
      snapshot !== undefined && snapshot.milliseconds < moment;
    if (!isOld(this.oldest)) return;
    while (isOld(this.#past[0]?.snapshots.at(-1))) this.#past.shift();
    const [first] = this.#past;
    if (first !== undefined) this.#past[0] = first.only((n) => !isOld(first.snapshots[n]));
    this.#pastBytes = sizeOf(this.#past);
  }

  /** Drops the recent readings from `start` on and before `end`. */
  #dropRecent(start: number, end: number): void {
    for (let n = start; n < end; n += 1) {
      const reading = this.#readings[n];
      if (reading !== undefined) this.#recentBytes -= memoryInBytesOf(reading);
    }
    this.#settled -= Math.max(0, Math.min(this.#settled, end) - start);
    // Without `splice`, which makes a list of what it removes.
    this.#snapshots.copyWithin(start, end);
    this.#readings.copyWithin(start, end);
    this.#snapshots.length = this.#readings.length -= end - start;
  }

  get #pastLength(): number {
    let length = 0;
    for (const past of this.#past) length += past.length;
    return length;
  }

  /** When the current lifetime of the object began, which recent readings may show as well. */
  #lifeStart(): number {
    for (let n = this.#readings.length - 1; n >= 0; n -= 1)
      if (this.#isReset(n)) return this.#snapshots[n]?.milliseconds ?? 0;
    return this.#lifeBegan;
  }

  /** Whether the object was reset between this recent reading and the one before it. */
  #isReset(n: number): boolean {
    const earlier = this.#sampleAt(this.#pastLength + n - 1);
    return this.#isResetSince(earlier, this.#sampleAt(this.#pastLength + n));
  }

  #isResetSince(earlier: HeldSample | undefined, later: HeldSample | undefined): boolean {
    if (earlier === undefined || later === undefined) return false;
    return isResetBetween({ object: this.#object }, { earlier, later });
  }

  /** The last past reading, in memory that the next one overwrites. */
  #lastPast(): HeldSample | undefined {
    const past = this.#past.at(-1);
    const snapshot = past?.snapshots.at(-1);
    if (past === undefined || snapshot === undefined) return undefined;
    return { snapshot, reading: () => past.readingForNow(past.length - 1) };
  }

  /** Converts the settled readings before a time to differences. A reading that cannot be converted stays. */
  #pack(moment: number): void {
    let moved = 0;
    for (; moved < this.#settled; moved += 1) {
      const [snapshot, reading] = [this.#snapshots[moved], this.#readings[moved]];
      if (snapshot === undefined || reading === undefined || snapshot.milliseconds >= moment) break;
      const last = this.#lastPast();
      if (last !== undefined && snapshot.milliseconds - last.snapshot.milliseconds < apartMilliseconds) {
        this.#recentBytes -= memoryInBytesOf(reading);
        continue;
      }
      if (this.#isResetSince(last, { snapshot, reading: () => reading }))
        this.#lifeBegan = snapshot.milliseconds;
      if (this.#past.at(-1)?.add(snapshot, reading) !== true) {
        const past = PastReadings.from(reading, { object: this.#object, snapshot });
        if (past === null) break;
        this.#past.at(-1)?.seal();
        this.#past.push(past);
      }
      this.#recentBytes -= memoryInBytesOf(reading);
    }
    if (moved === 0) return;
    this.#pastBytes = sizeOf(this.#past);
    this.#snapshots.splice(0, moved);
    this.#readings.splice(0, moved);
    this.#settled -= moved;
  }

  #replace(n: number, reading: Reading): void {
    const before = this.#readings[n];
    if (before === undefined) return;
    this.#recentBytes += memoryInBytesOf(reading) - memoryInBytesOf(before);
    this.#readings[n] = reading;
  }

  /** The index of the first reading after a moment, or at it if `isAtWanted`. */
  #firstAfter(moment: number, isAtWanted = false): number {
    let index = 0;
    for (const { snapshots } of this.#past) {
      const last = snapshots.at(-1)?.milliseconds ?? 0;
      if (last > moment || (isAtWanted && last === moment))
        return index + firstAfter(snapshots, moment, isAtWanted);
      index += snapshots.length;
    }
    return index + firstAfter(this.#snapshots, moment, isAtWanted);
  }

  #recentAfter(moment: number): number {
    return firstAfter(this.#snapshots, moment, true);
  }

  #ageAt(n: number, now: number): number {
    let index = n;
    for (const { snapshots } of this.#past) {
      const snapshot = snapshots[index];
      if (snapshot !== undefined) return now - snapshot.milliseconds;
      index -= snapshots.length;
    }
    const snapshot = this.#snapshots[index];
    return snapshot === undefined ? Number.NaN : now - snapshot.milliseconds;
  }

  #sampleAt(n: number): HeldSample | undefined {
    let index = n;
    for (const past of this.#past) {
      const snapshot = past.snapshots[index];
      if (snapshot !== undefined) return pastSample(past, { index, snapshot });
      index -= past.length;
    }
    const [snapshot, reading] = [this.#snapshots[index], this.#readings[index]];
    return snapshot === undefined || reading === undefined ? undefined : { snapshot, reading: () => reading };
  }
}

function sizeOf(past: readonly PastReadings[]): number {
  return past.reduce((sum, { memoryInBytes }) => sum + memoryInBytes, 0);
}

function pastSample(
  past: PastReadings,
  { index, snapshot }: { readonly index: number; readonly snapshot: HeldSnapshot },
): HeldSample {
  return { snapshot, reading: () => past.reading(index) };
}

function firstAfter(snapshots: readonly HeldSnapshot[], moment: number, isAtWanted: boolean): number {
  let [low, high] = [0, snapshots.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = snapshots[middle]?.milliseconds ?? 0;
    if (at > moment || (isAtWanted && at === moment)) high = middle;
    else low = middle + 1;
  }
  return low;
}
