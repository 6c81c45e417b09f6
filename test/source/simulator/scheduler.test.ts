import { describe, expect, it } from 'vitest';
import { nowhere, Scheduler } from '../../../src/source/simulator/scheduler.ts';
import { ticksPerSlice } from '../../../src/source/simulator/integral.ts';

const wants = (...shares: number[]): Float64Array =>
  Float64Array.from(shares, (share) => share * ticksPerSlice);

describe('the scheduler', () => {
  it('spreads new virtual processors over the least loaded logical processors, without counting migrations', () => {
    const scheduler = new Scheduler({ virtualProcessors: 4, logicalProcessors: 2 });
    scheduler.schedule(wants(0.5, 0.2, 0.2, 0.3));
    expect([...scheduler.place]).toEqual([0, 1, 1, 1]);
    expect([...scheduler.migrations]).toEqual([0, 0, 0, 0]);
  });

  it('does not move virtual processors that have room', () => {
    const scheduler = new Scheduler({ virtualProcessors: 2, logicalProcessors: 2 });
    scheduler.schedule(wants(0.5, 0.5));
    scheduler.schedule(wants(0.01, 0.7));
    expect([...scheduler.place]).toEqual([0, 1]);
    expect([...scheduler.migrations]).toEqual([0, 0]);
  });

  it('moves virtual processors without room to a processor with room', () => {
    const scheduler = new Scheduler({ virtualProcessors: 3, logicalProcessors: 2 });
    scheduler.schedule(wants(0.1, 0.3, 0.1));
    expect([...scheduler.place]).toEqual([0, 1, 0]);
    scheduler.schedule(wants(0.8, 0.1, 0.8));
    expect([...scheduler.place]).toEqual([0, 1, 1]);
    expect([...scheduler.migrations]).toEqual([0, 0, 1]);
    expect([...scheduler.grant]).toEqual([1, 1]);
    expect(scheduler.grantsAll).toBe(true);
  });

  it('reduces all equally if no processor has room', () => {
    const scheduler = new Scheduler({ virtualProcessors: 4, logicalProcessors: 1 });
    scheduler.schedule(wants(0.97, 0.97, 0.97, 0.97));
    expect(scheduler.grant[0]).toBeCloseTo(0.25, 10);
    expect(scheduler.grantsAll).toBe(false);
    scheduler.schedule(wants(0.2, 0.2, 0.2, 0.2));
    expect(scheduler.grantsAll).toBe(true);
  });

  it('ignores virtual processors that do not exist, and forgets removed ones', () => {
    const scheduler = new Scheduler({ virtualProcessors: 2, logicalProcessors: 2 });
    scheduler.schedule(wants(0.5, 0));
    expect([...scheduler.place]).toEqual([0, nowhere]);
    scheduler.clear(0, 1);
    expect([...scheduler.place]).toEqual([nowhere, nowhere]);
  });
});
