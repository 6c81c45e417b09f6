/** Past snapshots from which live streams compute changes: as many as their times need. */
import { HvqlError } from '../../errors.ts';
import type { MemoryShare } from '../read/held-readings.ts';
import type { Snapshot } from '../read/snapshot.ts';

/** A time is matched to within an eighth of itself, if it is longer than eight ticks. */
const steps = 8;
const nanosecondsPerMillisecond = 1_000_000n;

/** The number of snapshots that are kept for a time at most. */
const mostSnapshots = 2 * steps + 2;

/** The snapshots for some times, oldest first, and the memory that was taken for as many as there may be. */
interface Level {
  readonly snapshots: Snapshot[];
  takenBytes: number;
}

/**
 * The snapshots of a scheduler. For times of about 2^n intervals every 2^n-th snapshot is kept, about 17 of them,
 * however many streams there are and however long they run. Where there is no memory for all of them none is kept:
 * readings that are held meet these times as well, if less closely.
 */
export class SnapshotHistory {
  readonly #every: number;
  readonly #memory: MemoryShare;
  /** By the exponent of their stride. */
  readonly #levels = new Map<number, Level>();

  constructor(everyMilliseconds: number, memory: MemoryShare) {
    this.#every = everyMilliseconds;
    this.#memory = memory;
  }

  /** Keeps what changes over these times will need of this tick, and drops what they no longer need. */
  keep(snapshot: Snapshot, tick: { number: number; overs: readonly number[] }): void {
    const wanted = new Set(tick.overs.map((over) => this.#levelOf(over)));
    for (const level of this.#levels.keys()) if (!wanted.has(level)) this.#drop(level);
    for (const level of wanted) {
      if (tick.number % 2 ** level !== 0 || snapshot.at instanceof HvqlError) continue;
      const snapshots = this.#roomFor(snapshot, level);
      snapshots?.push(snapshot);
      if (snapshots !== null && snapshots.length > mostSnapshots) snapshots.shift();
    }
  }

  forgetAll(): void {
    for (const level of this.#levels.keys()) this.#drop(level);
  }

  /**
   * The newest kept snapshot that is at least this many milliseconds older than the given one, and at most twice as
   * many; or undefined.
   */
  find(over: number, than: Snapshot): Snapshot | undefined {
    const wanted = BigInt(over) * nanosecondsPerMillisecond;
    return this.#levels.get(this.#levelOf(over))?.snapshots.findLast((snapshot) => {
      if (snapshot.at instanceof HvqlError || than.at instanceof HvqlError) return false;
      const age = than.at.monotonicNanoseconds - snapshot.at.monotonicNanoseconds;
      // Ticks may have failed for a while.
      return age >= wanted && age <= 2n * wanted;
    });
  }

  /** The snapshots of the level; null if there is no memory for as many as there may be, of this size. */
  #roomFor({ memoryInBytes }: Snapshot, number: number): Snapshot[] | null {
    const level = this.#levels.get(number) ?? { snapshots: [], takenBytes: 0 };
    const needed = memoryInBytes * mostSnapshots;
    if (needed > level.takenBytes) {
      if (!this.#memory.take(needed - level.takenBytes)) {
        this.#drop(number);
        return null;
      }
      level.takenBytes = needed;
    }
    this.#levels.set(number, level);
    return level.snapshots;
  }

  #drop(number: number): void {
    this.#memory.give(this.#levels.get(number)?.takenBytes ?? 0);
    this.#levels.delete(number);
  }

  /** Level n is for times from 8 × 2^n ticks on. Shorter ones belong to level 0. */
  #levelOf(over: number): number {
    return Math.max(0, Math.floor(Math.log2(over / (steps * this.#every))));
  }
}
