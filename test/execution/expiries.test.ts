import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Expiries } from '../../src/execution/expiries.ts';

const start = 1_700_000_000_000;
beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Ends at these milliseconds from now, and those that have come. */
function opened(...ends: readonly number[]) {
  const expiries = new Expiries(Date.now);
  const expired: number[] = [];
  const members = ends.map((end) => {
    const member = { end, expire: () => void expired.push(end) };
    expiries.add(member, start + end);
    return member;
  });
  const remove = (...removed: typeof members): void =>
    removed.forEach((member) => expiries.remove(member, start + member.end));
  return { members, expired, remove };
}

describe('the ends of identities', () => {
  it('come in their order, with one timer for all of them', () => {
    const { expired } = opened(3_000, 1_000, 2_000, 1_000);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual([1_000, 1_000]);
    vi.advanceTimersByTime(5_000);
    expect(expired).toEqual([1_000, 1_000, 2_000, 3_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('do not come for those that have left, and leave no timer behind', () => {
    const { members, expired, remove } = opened(1_000, 2_000, 2_000);
    const [first, second, third] = members;
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    remove(first, second);
    vi.advanceTimersByTime(10_000);
    expect(expired).toEqual([2_000]);
    const late = opened(4_000);
    late.remove(...late.members);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('come at once where they are over, and not before their time where they are far away', () => {
    const days = 86_400_000;
    const { expired } = opened(-5_000, 60 * days);
    vi.advanceTimersByTime(0);
    expect(expired).toEqual([-5_000]);
    vi.advanceTimersByTime(59 * days);
    expect(expired).toHaveLength(1);
    vi.advanceTimersByTime(days);
    expect(expired).toHaveLength(2);
  });

  it('come when the clock says so, though it was set back', () => {
    const { expired } = opened(1_000);
    vi.setSystemTime(start - 2_000);
    vi.advanceTimersByTime(1_000);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(expired).toEqual([1_000]);
  });
});
