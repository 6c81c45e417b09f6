import { describe, expect, it } from 'vitest';
import { SnapshotHistory } from '../../../src/sampling/schedule/snapshot-history.ts';
import type { MemoryShare } from '../../../src/sampling/read/held-readings.ts';
import type { Snapshot } from '../../../src/sampling/read/snapshot.ts';

/** Memory of a given size. */
class Memory implements MemoryShare {
  readonly #limit: number;
  taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(bytes: number): boolean {
    if (this.taken + bytes > this.#limit) return false;
    this.taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.taken -= bytes;
  }
}

/** A snapshot at this many milliseconds. */
function snapshotAt(milliseconds: number): Snapshot {
  const at = { wallMilliseconds: milliseconds, monotonicNanoseconds: BigInt(milliseconds) * 1_000_000n };
  return { at, memoryInBytes: 1_000, sampleOf: () => null };
}

const ageOf = (snapshot: Snapshot | undefined, now: Snapshot): number | null =>
  snapshot === undefined || snapshot.at instanceof Error || now.at instanceof Error
    ? null
    : now.at.wallMilliseconds - snapshot.at.wallMilliseconds;

describe('stored snapshots for changes', () => {
  it('match each requested time to an eighth, however different the times are', () => {
    const history = new SnapshotHistory(100, new Memory(100_000));
    const overs = [100, 700, 1000, 5000, 60_000];
    const ages = new Map<number, number[]>(overs.map((over) => [over, []]));
    for (let number = 1; number <= 3000; number += 1) {
      const now = snapshotAt(number * 100);
      history.keep(now, { number, overs });
      for (const over of overs) {
        const age = ageOf(history.find(over, now), now);
        if (age !== null) ages.get(over)?.push(age);
      }
    }
    for (const [over, found] of ages) {
      // Once there is one of this age, there always is.
      expect(found.length).toBeGreaterThan(3000 - over / 100 - over / 800 - 2);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(over);
      expect(Math.max(...found)).toBeLessThanOrEqual(over * 1.125 + 100);
    }
  });

  it('are few, and are dropped when no time is requested any more', () => {
    const history = new SnapshotHistory(100, new Memory(36_000));
    const kept = new Set<Snapshot>();
    for (let number = 1; number <= 3000; number += 1)
      history.keep(snapshotAt(number * 100), { number, overs: [60_000, 1000] });
    const now = snapshotAt(300_000);
    for (let over = 1; over <= 60_000; over += 50) {
      for (const time of [1000, 60_000]) {
        const snapshot = history.find(time, snapshotAt(300_000 + over));
        if (snapshot !== undefined) kept.add(snapshot);
      }
    }
    expect(kept.size).toBeLessThanOrEqual(36);
    expect(history.find(1000, now)).toBeDefined();
    history.keep(now, { number: 3001, overs: [] });
    expect(history.find(1000, snapshotAt(301_000))).toBeUndefined();
  });

  it('are kept only if there is memory for all that a time needs, which is released with them', () => {
    // Room for the 18 snapshots of one time, and not for those of a second one.
    const memory = new Memory(20_000);
    const history = new SnapshotHistory(100, memory);
    const keep = (from: number, to: number, overs: readonly number[]): void => {
      for (let number = from; number <= to; number += 1)
        history.keep(snapshotAt(number * 100), { number, overs });
    };
    keep(1, 100, [1_000, 60_000]);
    expect(memory.taken).toBe(18_000);
    const now = snapshotAt(10_100);
    const found = [1_000, 5_000].map((over) => history.find(over, now));
    expect(found.filter((snapshot) => snapshot !== undefined)).toHaveLength(1);
    // Larger ones have no room any more.
    history.keep({ ...snapshotAt(10_200), memoryInBytes: 2_000 }, { number: 102, overs: [1_000] });
    expect(memory.taken).toBe(0);
    expect(history.find(1_000, snapshotAt(10_300))).toBeUndefined();
    keep(103, 120, [1_000]);
    expect(history.find(1_000, snapshotAt(12_100))).toBeDefined();
    history.forgetAll();
    expect(memory.taken).toBe(0);
  });
});
