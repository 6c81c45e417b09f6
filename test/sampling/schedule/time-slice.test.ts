import { beforeEach, describe, expect, it } from 'vitest';
import { TimeSlice } from '../../../src/sampling/schedule/time-slice.ts';

/** Clocks in milliseconds: of a process that gets a part of the processor, in bursts. */
let clock: { time: number; used: number; now: () => number; spent: () => number };
beforeEach(() => {
  clock = { time: 0, used: 0, now: () => clock.time, spent: () => clock.used };
});

/** How long a slice lasts, and how much processor time it has, if each burst of work has as long as it waited before. */
function sliceWith(burst: { readonly waits: number; readonly works: number }) {
  const slice = new TimeSlice(clock);
  slice.begin();
  for (let worked = 0; !slice.isOver; worked += 0.5) {
    clock.time += 0.5 + (worked % burst.works === 0 ? burst.waits : 0);
    clock.used += 0.5;
  }
  return { time: Math.round(clock.time), used: Math.round(clock.used) };
}

describe('a time slice', () => {
  it('is over after ten milliseconds on a quiet machine', () => {
    expect(sliceWith({ waits: 0, works: 10 })).toEqual({ time: 11, used: 11 });
  });

  it('has five milliseconds of processor time on a machine where other processes run most of the time', () => {
    expect(sliceWith({ waits: 30, works: 2 })).toEqual({ time: 96, used: 6 });
  });

  it('is over after two hundred milliseconds, however little processor time it got', () => {
    const { time, used } = sliceWith({ waits: 99, works: 1 });
    expect(time).toBeGreaterThan(200);
    expect(time).toBeLessThanOrEqual(300);
    expect(used).toBeLessThan(5);
  });

  it('is over after ten milliseconds if it is the first, because its earlier processor time is unknown', () => {
    const slice = new TimeSlice(clock);
    clock.time = 10;
    expect(slice.isOver).toBe(false);
    clock.time = 11;
    expect(slice.isOver).toBe(true);
  });
});
