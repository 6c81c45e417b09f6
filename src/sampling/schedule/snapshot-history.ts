/** Sights of the past that live streams take growth over: as many as their times need, and no more. */
import { HvqlError } from '../../errors.ts';
import type { Snapshot } from '../read/snapshot.ts';

/** A time is met to an eighth of itself, where it is longer than eight ticks. */
const steps = 8;
const nanosecondsPerMillisecond = 1_000_000n;

/**
 * The sights of a grid of ticks. For times that are about 2^n times the grid's, every 2^n-th sight is kept, some 17 of
 * them, whatever the number of streams and however long they run.
 */
export class SnapshotHistory {
  readonly #every: number;
  /** The kept sights by the exponent of their stride, oldest first. */
  readonly #levels = new Map<number, Snapshot[]>();

  constructor(everyMilliseconds: number) {
    this.#every = everyMilliseconds;
  }

  /** Keeps what growth over these times will want of this tick, and lets go of what it no longer wants. */
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

  /** The newest kept sight that is at least so many milliseconds older than this one and at most twice as many, or undefined. */
  find(over: number, than: Snapshot): Snapshot | undefined {
    const wanted = BigInt(over) * nanosecondsPerMillisecond;
    return this.#levels.get(this.#levelOf(over))?.findLast((snapshot) => {
      if (snapshot.at instanceof HvqlError || than.at instanceof HvqlError) return false;
      const age = than.at.monotonicNanoseconds - snapshot.at.monotonicNanoseconds;
      // Ticks may have failed to come for a while.
      return age >= wanted && age <= 2n * wanted;
    });
  }

  /** Level n is for times from 8 × 2^n ticks on; shorter ones are level 0's. */
  #levelOf(over: number): number {
    return Math.max(0, Math.floor(Math.log2(over / (steps * this.#every))));
  }
}
