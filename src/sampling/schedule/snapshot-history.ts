/** Past snapshots that live streams take changes from: as many as their times need. */
import { HvqlError } from '../../errors.ts';
import type { Snapshot } from '../read/snapshot.ts';

/** A time is met to an eighth of itself, if it is longer than eight ticks. */
const steps = 8;
const nanosecondsPerMillisecond = 1_000_000n;

/**
 * The snapshots of a scheduler. For times of about 2^n intervals every 2^n-th snapshot is kept, about 17 of them,
 * however many streams there are and however long they run.
 */
export class SnapshotHistory {
  readonly #every: number;
  /** The kept snapshots by the exponent of their stride, oldest first. */
  readonly #levels = new Map<number, Snapshot[]>();

  constructor(everyMilliseconds: number) {
    this.#every = everyMilliseconds;
  }

  /** Keeps what changes over these times will need of this tick, and drops what they no longer need. */
  keep(snapshot: Snapshot, tick: { number: number; overs: readonly number[] }): void {
    const wanted = new Set(tick.overs.map((over) => this.#levelOf(over)));
    for (const level of this.#levels.keys()) if (!wanted.has(level)) this.#levels.delete(level);
    for (const level of wanted) {
      if (tick.number % 2 ** level !== 0 || snapshot.at instanceof HvqlError) continue;
      const snapshots = this.#levels.get(level) ?? [];
      this.#levels.set(level, snapshots);
      snapshots.push(snapshot);
      if (snapshots.length > 2 * steps + 2) snapshots.shift();
    }
  }

  forgetAll(): void {
    this.#levels.clear();
  }

  /**
   * The newest kept snapshot that is at least this many milliseconds older than the given one, and at most twice as
   * many; or undefined.
   */
  find(over: number, than: Snapshot): Snapshot | undefined {
    const wanted = BigInt(over) * nanosecondsPerMillisecond;
    return this.#levels.get(this.#levelOf(over))?.findLast((snapshot) => {
      if (snapshot.at instanceof HvqlError || than.at instanceof HvqlError) return false;
      const age = than.at.monotonicNanoseconds - snapshot.at.monotonicNanoseconds;
      // Ticks may have failed for a while.
      return age >= wanted && age <= 2n * wanted;
    });
  }

  /** Level n is for times from 8 × 2^n ticks on. Shorter ones belong to level 0. */
  #levelOf(over: number): number {
    return Math.max(0, Math.floor(Math.log2(over / (steps * this.#every))));
  }
}
