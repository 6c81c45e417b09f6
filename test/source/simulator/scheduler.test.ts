import { describe, expect, it } from 'vitest';
import { nowhere, Scheduler } from '../../../src/source/simulator/scheduler.ts';
import { ticksPerSlice } from '../../../src/source/simulator/integral.ts';

const wants = (...shares: number[]): Float64Array =>
  Float64Array.from(shares, (share) => share * ticksPerSlice);

describe('the scheduler', () => {
  it('spreads what comes new over the least loaded logical processors, and calls that no migration', () => {
    const scheduler = new Scheduler({ virtualProcessors: 4, logicalProcessors: 2 });
    scheduler.schedule(wants(0.5, 0.2, 0.2, 0.3));
    expect([...scheduler.place]).toEqual([0, 1, 1, 1]);
    expect([...scheduler.migrations]).toEqual([0, 0, 0, 0]);
  });

  it('leaves where they were those that have room there', () => {
    const scheduler = new Scheduler({ virtualProcessors: 2, logicalProcessors: 2 });
    scheduler.schedule(wants(0.5, 0.5));
    scheduler.schedule(wants(0.01, 0.7));
    expect([...scheduler.place]).toEqual([0, 1]);
    expect([...scheduler.migrations]).toEqual([0, 0]);
  });

  it('moves who has no room to where there is some', () => {
    const scheduler = new Scheduler({ virtualProcessors: 3, logicalProcessors: 2 });
    scheduler.schedule(wants(0.1, 0.3, 0.1));
    expect([...scheduler.place]).toEqual([0, 1, 0]);
    scheduler.schedule(wants(0.8, 0.1, 0.8));
    expect([...scheduler.place]).toEqual([0, 1, 1]);
    expect([...scheduler.migrations]).toEqual([0, 0, 1]);
    expect([...scheduler.grant]).toEqual([1, 1]);
    expect(scheduler.grantsAll).toBe(true);
  });

  it('reduces all alike if no processor has room', () => {
    const scheduler = new Scheduler({ virtualProcessors: 4, logicalProcessors: 1 });
    scheduler.schedule(wants(0.97, 0.97, 0.97, 0.97));
    expect(scheduler.grant[0]).toBeCloseTo(0.25, 10);
    expect(scheduler.grantsAll).toBe(false);
    scheduler.schedule(wants(0.2, 0.2, 0.2, 0.2));
    expect(scheduler.grantsAll).toBe(true);
  });

  it('passes over those that do not exist, and forgets them', () => {
    const scheduler = new Scheduler({ virtualProcessors: 2, logicalProcessors: 2 });
    scheduler.schedule(wants(0.5, 0));
    expect([...scheduler.place]).toEqual([0, nowhere]);
    scheduler.clear(0, 1);
    expect([...scheduler.place]).toEqual([nowhere, nowhere]);
  });
});
