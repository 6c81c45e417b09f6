import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RepeatCounter, type Repeats } from '../../src/lib/repeat-counter.ts';

describe('a counter of repeated log lines', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('reports the repeats of each kind at the end of a period, and kinds beyond its limit together', () => {
    const reported: Repeats[] = [];
    const counter = new RepeatCounter({
      milliseconds: 60_000,
      limit: 2,
      report: (each) => reported.push(each),
    });
    const kinds = ['a', 'b', 'a', 'c', 'd', 'a'];
    expect(kinds.map((kind) => counter.isFirst(kind))).toEqual([true, true, false, false, false, false]);
    vi.advanceTimersByTime(59_999);
    expect(reported).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(reported).toEqual([
      { kind: 'a', count: 2 },
      { kind: null, count: 2 },
    ]);
    expect(vi.getTimerCount()).toBe(0);
    expect(counter.isFirst('a')).toBe(true);
    counter.flush();
    expect(reported).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
