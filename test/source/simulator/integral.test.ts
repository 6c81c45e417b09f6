import { describe, expect, it } from 'vitest';
import { Integral } from '../../../src/source/simulator/integral.ts';

describe('an integral', () => {
  it('grows equally in every slice of a second', () => {
    const integral = new Integral(2);
    integral.perSlice.set([3, 10]);
    integral.reach({ slices: 7, ticks: 0 });
    expect([...integral.now]).toEqual([21, 70]);
    integral.settle();
    expect([...integral.total]).toEqual([3_000, 10_000]);
    integral.reach({ slices: 1, ticks: 0 });
    expect([...integral.now]).toEqual([3_003, 10_010]);
    expect(integral.grown(0)).toBe(3);
  });

  it('uses ticks of a slice up to the amount of its object, and returns the rest', () => {
    const integral = new Integral(1);
    integral.perSlice[0] = 30;
    const spent = [-5, 0, 10, 30, 45].map((ticks) => {
      integral.reach({ slices: 2, ticks });
      return { left: integral.spend(0, ticks), now: integral.now[0] };
    });
    expect(spent).toEqual([
      { left: -35, now: 60 },
      { left: -30, now: 60 },
      { left: -20, now: 70 },
      { left: 0, now: 90 },
      { left: 15, now: 90 },
    ]);
  });

  it('can reset some of its objects', () => {
    const integral = new Integral(3);
    integral.perSlice.fill(2);
    integral.settle();
    integral.reach({ slices: 0, ticks: 0 });
    integral.clear(1, 2);
    expect([...integral.total, ...integral.perSlice, ...integral.now]).toEqual([
      2_000, 0, 2_000, 2, 0, 2, 2_000, 0, 2_000,
    ]);
  });
});
