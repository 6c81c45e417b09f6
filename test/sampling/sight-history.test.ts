import { describe, expect, it } from 'vitest';
import { SightHistory } from '../../src/sampling/sight-history.ts';
import type { Sight } from '../../src/sampling/sight.ts';

/** A sight at this many milliseconds. */
function sightAt(milliseconds: number): Sight {
  const at = { wallMilliseconds: milliseconds, monotonicNanoseconds: BigInt(milliseconds) * 1_000_000n };
  return { at, sampleOf: () => null };
}

const ageOf = (sight: Sight | undefined, now: Sight): number | null =>
  sight === undefined || sight.at instanceof Error || now.at instanceof Error
    ? null
    : now.at.wallMilliseconds - sight.at.wallMilliseconds;

describe('the sights of the past', () => {
  it('meet each time that is asked for to an eighth, however different the times are', () => {
    const history = new SightHistory(100);
    const overs = [100, 700, 1000, 5000, 60_000];
    const ages = new Map<number, number[]>(overs.map((over) => [over, []]));
    for (let number = 1; number <= 3000; number += 1) {
      const now = sightAt(number * 100);
      history.keep(now, { number, overs });
      for (const over of overs) {
        const age = ageOf(history.find(over, now), now);
        if (age !== null) ages.get(over)?.push(age);
      }
    }
    for (const [over, found] of ages) {
      // From the time on that there is one so old, there always is.
      expect(found.length).toBeGreaterThan(3000 - over / 100 - over / 800 - 2);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(over);
      expect(Math.max(...found)).toBeLessThanOrEqual(over * 1.125 + 100);
    }
  });

  it('are few, and none where no time is asked for any more', () => {
    const history = new SightHistory(100);
    const kept = new Set<Sight>();
    for (let number = 1; number <= 3000; number += 1)
      history.keep(sightAt(number * 100), { number, overs: [60_000, 1000] });
    const now = sightAt(300_000);
    for (let over = 1; over <= 60_000; over += 50) {
      for (const time of [1000, 60_000]) {
        const sight = history.find(time, sightAt(300_000 + over));
        if (sight !== undefined) kept.add(sight);
      }
    }
    expect(kept.size).toBeLessThanOrEqual(36);
    expect(history.find(1000, now)).toBeDefined();
    history.keep(now, { number: 3001, overs: [] });
    expect(history.find(1000, sightAt(301_000))).toBeUndefined();
  });
});
