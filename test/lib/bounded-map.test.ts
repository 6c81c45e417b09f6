import { describe, expect, it } from 'vitest';
import { setBounded } from '../../src/lib/bounded-map.ts';

describe('a bounded map', () => {
  it('removes its oldest entry for a new key, and none for a key that it has', () => {
    const map = new Map<string | undefined, number>();
    for (const [n, key] of [undefined, 'a', 'b', 'a', 'c'].entries())
      setBounded(map, { key, value: n, limit: 3 });
    expect([...map]).toEqual([
      ['a', 3],
      ['b', 2],
      ['c', 4],
    ]);
  });
});
