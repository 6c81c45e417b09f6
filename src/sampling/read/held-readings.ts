/** Recent readings, so that changes need not wait for a second reading. Limited in age and bytes; no timer runs. */
import { HvqlError } from '../../errors.ts';
import { readingKey, type ObjectName } from '../../snapshot/object-name.ts';
import { CopyMemory } from '../../snapshot/packed-reading.ts';
import { noPast, thinnedPasts, type HeldFacts, type Past, type PastQuestion } from '../../snapshot/past.ts';
import type { Absences } from '../guard/absences.ts';
import type { EarlierAge } from './earlier-readings.ts';
import { HoldingInterval } from './holding-interval.ts';
import type { HeldSnapshot } from './past-readings.ts';
import { ReadingSeries, type Thinning } from './reading-series.ts';
import type { TakenReadings, TakenSample } from './snapshot.ts';

/** How much is held. */
export interface HoldingLimits {
  /** At least twice the longest time of a change. */
  readonly maximumAgeMilliseconds: number;
  readonly maximumBytes: number;
  /** How far back the history of an object goes, at most the maximum age. */
  readonly historyMilliseconds: number;
}

/**
 * About 13 readings, at most 2 KB each, of each of the 10,000 objects that a response may read by default. At two
 * minutes, 13 readings are at most a factor of 2.2 apart in age.
 */
export const defaultHoldingLimits: HoldingLimits = {
  maximumAgeMilliseconds: 300_000,
  maximumBytes: 256 * 1024 * 1024,
  historyMilliseconds: 300_000,
};

/** A reservation of memory for readings. */
export interface MemoryShare {
  /** Reserves this many more bytes; returns false if there is no room for them. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** The share of the limit that may be reserved for whole snapshots. */
const shareOfSnapshots = 1 / 4;
/** Of settled readings, one per object is kept in each period of this length. */
const stretchMilliseconds = 250;
/** The age at which a period is settled. For longer times, one reading per period is enough. */
const settledMilliseconds = 500;
/** Readings that are dropped at this age are not packed: packing takes longer than reading them. */
const unpackedMilliseconds = 5_000;
/** Above this share of the byte limit, readings are thinned until they are below it. */
const thinnedFrom = 1 / 2;
/** The distance between readings after that, in milliseconds: doubled until there are few enough. */
const firstSpacing = 2_000;
/** The ratio of neighbouring ages after that: for any time there is a reading within about a tenth. */
const gentleRatio = 1.25;
/** The ratio at the limit: for any time there is a reading that is 0.9 to 2 times as old. */
const firmRatio = 2.2;
/** How many times per maximum age expired readings are dropped. */
const expiriesPerAge = 16;

/**
 * Readings by the key of their object, because objects outlive the topologies that name them. A series belongs to one
 * lifetime of its object. Storing a snapshot costs a few steps per object, about once a second for the same list of objects,
 * and at most once in 90 ms while changes over short times are requested. Readings are copied only when they are half a
 * second old, and then one per quarter of a second.
 */
export class HeldReadings {
  readonly #absences: Absences;
  readonly #limits: HoldingLimits;
  readonly #steadyNow: () => number;
  readonly #series = new Map<string, ReadingSeries>();
  /** The series of each object of a list while all of them exist: looking up each by its key takes as long as the rest. */
  #seriesOfLists = new WeakMap<readonly ObjectName[], (ReadingSeries | undefined)[]>();
  #readings = 0;
  #bytes = 0;
  #snapshotBytes = 0;
  #newest: HeldSnapshot | null = null;
  /** When the newest snapshot was stored, by the service's own steady clock. */
  #newestHeldAt = 0;
  /** The periods that are not settled, the newest last. */
  #stretches: Stretch[] = [];
  #interval = new HoldingInterval();
  /** Since when no object has had a second reading stored, and the lists of objects of which all have had one. */
  #moment = { start: Number.NEGATIVE_INFINITY, whole: new WeakSet<readonly ObjectName[]>() };
  #expiresAt = 0;
  /** Thinning again pays only above this number of bytes. */
  #thinnedAbove = 0;
  /** How far apart readings are thinned to, in milliseconds. */
  #spacing = firstSpacing;

  /** `steadyNow` is the service's own clock, in milliseconds. */
  constructor(
    absences: Absences,
    limits: HoldingLimits = defaultHoldingLimits,
    steadyNow: () => number = () => performance.now(),
  ) {
    this.#absences = absences;
    this.#limits = limits;
    this.#steadyNow = steadyNow;
  }

  /** Reserves memory for snapshots that streams compute changes from: they count towards the same limit. */
  readonly snapshotMemory: MemoryShare = {
    take: (bytes) => {
      if (this.#snapshotBytes + bytes > this.#limits.maximumBytes * shareOfSnapshots) return false;
      this.#snapshotBytes += bytes;
      return true;
    },
    give: (bytes) => {
      this.#snapshotBytes -= bytes;
    },
  };

  get #takenBytes(): number {
    return this.#bytes + this.#snapshotBytes;
  }

  get facts(): HeldFacts {
    const starts = [...this.#series.values()].map(({ oldest }) => oldest?.milliseconds ?? Infinity);
    const oldest = starts.reduce((a, b) => Math.min(a, b), Infinity);
    const { maximumBytes, historyMilliseconds } = this.#limits;
    return {
      maximumBytes,
      historyMilliseconds,
      readings: this.#readings,
      bytes: this.#takenBytes,
      spanMilliseconds:
        this.#newest === null || this.#readings === 0 ? null : this.#newest.milliseconds - oldest,
    };
  }

  /** Stores the readings of these objects if they are far enough from the previous ones; otherwise the call is cheap. */
  hold(objects: readonly ObjectName[], { at, outcomes, absencesBefore }: TakenReadings): void {
    if (objects.length === 0) return;
    const milliseconds = Number(at.monotonicNanoseconds) / 1e6;
    // Reads overlap: one that ends after a later one is not stored.
    if (this.#newest !== null && milliseconds < this.#newest.milliseconds) return;
    if (milliseconds - this.#moment.start >= this.#interval.at(milliseconds))
      this.#moment = { start: milliseconds, whole: new WeakSet() };
    if (this.#moment.whole.has(objects)) return;
    const stretch = this.#stretchAt(milliseconds);
    const snapshot = this.#snapshotOf({ at, milliseconds, absencesBefore });
    this.#newest = snapshot;
    this.#newestHeldAt = this.#steadyNow();
    let isWhole = true;
    let known = this.#seriesOfLists.get(objects);
    if (known === undefined) this.#seriesOfLists.set(objects, (known = []));
    for (let n = 0; n < objects.length; n += 1) {
      const [object, reading] = [objects[n], outcomes[n]];
      // Unlisted counters have no changes, and the object's own counters are stored under its plain name.
      if (object === undefined || object.unlisted === true) continue;
      if (reading === undefined || reading instanceof HvqlError) {
        isWhole = false;
        continue;
      }
      let series = known[n];
      if (series === undefined || !this.#isAlive(object, series)) known[n] = series = this.#seriesOf(object);
      if (series.addedAt >= this.#moment.start) continue;
      if (series.addedAt < stretch.start) stretch.filled.push(series);
      this.#bytes += series.add(snapshot, reading);
      this.#readings += 1;
    }
    if (isWhole) this.#moment.whole.add(objects);
    if (this.#takenBytes > this.#limits.maximumBytes) this.#reduce(milliseconds);
  }

  /** The reading of the object's current lifetime whose age at this time is nearest to the wanted one. */
  find(object: ObjectName, asked: { before: bigint; age: EarlierAge }): TakenSample | undefined {
    const now = Number(asked.before) / 1e6;
    this.#interval.note(asked.age.wanted, now);
    const sample = this.#series.get(readingKey(object))?.find(now, asked.age);
    if (sample === undefined || !this.#absences.isOngoing(object, sample.absencesBefore)) return undefined;
    return sample;
  }

  /** The stored history of these objects, thinned. */
  pasts({ objects, last, step }: PastQuestion): readonly Past[] {
    return thinnedPasts(
      objects.map((object) => this.past(object, last)),
      step,
    );
  }

  /**
   * The readings of the object's current lifetime in the last milliseconds, or as far back as the history goes; nothing
   * from before the latest reset. They do not change when others are dropped later.
   */
  past(object: ObjectName, last: number | null): Past {
    const series = this.#series.get(readingKey(object));
    if (series === undefined || this.#newest === null) return noPast;
    // Captures have a clock of their own, which is known only when they are read.
    const now = this.#newest.milliseconds + Math.max(0, this.#steadyNow() - this.#newestHeldAt);
    const { before, samples } = series.since(
      now - Math.min(last ?? Infinity, this.#limits.historyMilliseconds),
    );
    const first = samples.findIndex(({ snapshot }) => this.#isOngoing(object, snapshot));
    if (first === -1) return noPast;
    const isAfterAll = first === 0 && before !== null && this.#isOngoing(object, before.snapshot);
    return { before: isAfterAll ? before : null, samples: samples.slice(first) };
  }

  forgetAll(): void {
    this.#series.clear();
    this.#seriesOfLists = new WeakMap();
    this.#readings = 0;
    this.#bytes = 0;
    this.#newest = null;
    this.#stretches = [];
    this.#interval = new HoldingInterval();
    this.#moment = { start: Number.NEGATIVE_INFINITY, whole: new WeakSet() };
  }

  /** One object for everything that was read at one time, even if it arrived in parts. */
  #snapshotOf(snapshot: HeldSnapshot): HeldSnapshot {
    const newest = this.#newest;
    const isSame =
      newest?.at.monotonicNanoseconds === snapshot.at.monotonicNanoseconds &&
      newest.absencesBefore === snapshot.absencesBefore;
    return isSame ? newest : snapshot;
  }

  /** The series of the object's current lifetime. */
  #seriesOf(object: ObjectName): ReadingSeries {
    const key = readingKey(object);
    let series = this.#series.get(key);
    if (series !== undefined && !this.#isAlive(object, series)) {
      this.#change(series, (each) => each.thin(0, { oldest: -Infinity, ratio: 1, spacing: 0 }));
      this.#seriesOfLists = new WeakMap();
      series = undefined;
    }
    if (series === undefined) this.#series.set(key, (series = new ReadingSeries(object.object)));
    return series;
  }

  #isAlive(object: ObjectName, { newest }: ReadingSeries): boolean {
    return newest === undefined || this.#isOngoing(object, newest);
  }

  #isOngoing(object: ObjectName, { absencesBefore }: HeldSnapshot): boolean {
    return this.#absences.isOngoing(object, absencesBefore);
  }

  #stretchAt(now: number): Stretch {
    let newest = this.#stretches.at(-1);
    if (newest === undefined || now - newest.start >= stretchMilliseconds) {
      newest = { start: now, filled: [] };
      this.#stretches.push(newest);
      this.#settle(now);
      this.#keepWithin(now);
    }
    return newest;
  }

  /** Keeps one reading per object, without its page, of the periods that are old enough. */
  #settle(now: number): void {
    const memory = new CopyMemory();
    for (;;) {
      const [stretch, next] = this.#stretches;
      if (stretch === undefined || next === undefined || now - next.start < settledMilliseconds) return;
      const packs = this.#limits.maximumAgeMilliseconds > unpackedMilliseconds;
      const settling = { from: stretch.start, until: next.start, packs, memory };
      const settle = (series: ReadingSeries): void => series.settle(settling);
      for (const series of stretch.filled) this.#change(series, settle);
      this.#stretches.shift();
    }
  }

  /** Drops expired readings from time to time, and thins the rest if there is much of it. */
  #keepWithin(now: number): void {
    const { maximumAgeMilliseconds: oldest, maximumBytes } = this.#limits;
    const most = maximumBytes * thinnedFrom;
    const isMuch = this.#takenBytes > Math.max(most, this.#thinnedAbove);
    if (!isMuch && now < this.#expiresAt) return;
    this.#thin(now, { oldest, ratio: isMuch ? gentleRatio : 0, spacing: this.#spacing });
    // One pass at a time: with thousands of objects each takes a while.
    if (!isMuch) this.#spacing = firstSpacing;
    else if (this.#takenBytes > most && this.#spacing < oldest) this.#spacing *= 2;
    this.#thinnedAbove = this.#takenBytes * 1.1;
    this.#expiresAt = now + oldest / expiriesPerAge;
  }

  /** Reduces the memory below the limit: thins, then halves the maximum age until it fits, and at last drops everything. */
  #reduce(now: number): void {
    const { maximumAgeMilliseconds, maximumBytes } = this.#limits;
    let oldest = maximumAgeMilliseconds;
    this.#thin(now, { oldest, ratio: firmRatio, spacing: oldest });
    while (this.#takenBytes > maximumBytes && oldest > stretchMilliseconds) {
      oldest /= 2;
      this.#thin(now, { oldest, ratio: firmRatio, spacing: oldest });
    }
    if (this.#takenBytes > maximumBytes) this.forgetAll();
  }

  #thin(now: number, how: Thinning): void {
    const thin = (series: ReadingSeries): void => series.thin(now, how);
    this.#series.forEach((series, key) => {
      this.#change(series, thin);
      if (series.length > 0) return;
      this.#series.delete(key);
      this.#seriesOfLists = new WeakMap();
    });
  }

  #change(series: ReadingSeries, change: (series: ReadingSeries) => void): void {
    this.#bytes -= series.memoryInBytes;
    this.#readings -= series.length;
    change(series);
    this.#bytes += series.memoryInBytes;
    this.#readings += series.length;
  }
}

interface Stretch {
  readonly start: number;
  /** The series that have a reading in it. */
  readonly filled: ReadingSeries[];
}
