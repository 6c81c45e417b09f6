import { describe, expect, it } from 'vitest';
import { SnapshotHistory } from '../../../src/sampling/schedule/snapshot-history.ts';
import type { Snapshot } from '../../../src/sampling/read/snapshot.ts';

/** A snapshot at this many milliseconds. */
function snapshotAt(milliseconds: number): Snapshot {
  const at = { wallMilliseconds: milliseconds, monotonicNanoseconds: BigInt(milliseconds) * 1_000_000n };
  return { at, sampleOf: () => null };
}

const ageOf = (snapshot: Snapshot | undefined, now: Snapshot): number | null =>
  snapshot === undefined || snapshot.at instanceof Error || now.at instanceof Error
    ? null
    : now.at.wallMilliseconds - snapshot.at.wallMilliseconds;

describe('the snapshots of the past', () => {
  it('meet each requested time to an eighth, however different the times are', () => {
    const history = new SnapshotHistory(100);
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
    const history = new SnapshotHistory(100);
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
});
