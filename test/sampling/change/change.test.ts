import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockOf, counterNamed, countersOf } from '../../../src/catalogue/catalogue.ts';
import { isTotal } from '../../../src/catalogue/counter.ts';
import { statisticsObjects, type StatisticsObject } from '../../../src/catalogue/group.ts';
import { ReadingChange, type Sample } from '../../../src/sampling/change/change.ts';
import { ChangeTotal, ReadingTotal } from '../../../src/sampling/change/total.ts';
import type { Reading } from '../../../src/snapshot/reading.ts';

/** A reading of these fields; all others are absent. */
function reading(fields: Record<string, bigint>): Reading {
  return { value: ({ field }) => fields[field], page: null };
}

function sample(atSeconds: number, fields: Record<string, bigint>): Sample {
  const at = {
    wallMilliseconds: atSeconds * 1000,
    monotonicNanoseconds: BigInt(Math.round(atSeconds * 1e9)),
  };
  return { at, reading: reading(fields) };
}

function change(object: StatisticsObject, earlier: Sample, later: Sample): ReadingChange {
  return new ReadingChange(object, { earlier, later });
}

const counter = (field: string) => counterNamed('VIRTUAL_PROCESSOR', field);
const lpCounter = (field: string) => counterNamed('LOGICAL_PROCESSOR', field);

describe('a change over a negative time', () => {
  it('is unknown, deltas as well as rates', () => {
    const back = change(
      'VIRTUAL_PROCESSOR',
      sample(10, { hypercalls: 1n, hypercallsCost: 1n, totalRunTime: 1n }),
      sample(9, { hypercalls: 5n, hypercallsCost: 5n, totalRunTime: 5n }),
    );
    expect(back.interval).toMatchObject({ seconds: -1, reset: true });
    for (const field of ['hypercalls', 'hypercallsCost', 'totalRunTime']) {
      expect([back.delta(counter(field)), back.rate(counter(field))]).toEqual([null, null]);
    }
  });
});

describe('a change between readings that have their own times', () => {
  it('uses these times, however long the snapshots took', () => {
    const own = (secondsApart: number, seconds: number, totalRunTime: bigint): Sample => {
      const { at } = sample(seconds, {});
      return { ...sample(secondsApart, {}), reading: { ...reading({ totalRunTime }), at } };
    };
    const grown = change('LOGICAL_PROCESSOR', own(10.5, 10, 0n), own(11, 11, 5_000_000n));
    expect(grown.rate(lpCounter('totalRunTime'))).toBe(50);
    expect(grown.interval).toMatchObject({ seconds: 1, from: { wallMilliseconds: 10_000 } });
  });
});

describe('a change between readings with a clock for each percentage', () => {
  /** A processor whose samples are 2.5 s apart, while its clock of run times advances by this many ticks of 100 ns. */
  const based = (atSeconds: number, runTime: bigint, base: bigint | undefined): Sample => ({
    ...sample(atSeconds, {}),
    reading: {
      ...reading({ totalRunTime: runTime, hypervisorRunTime: runTime, hypercalls: runTime }),
      base: ({ field }) => (field === 'totalRunTime' ? base : undefined),
    },
  });
  const grown = change(
    'VIRTUAL_PROCESSOR',
    based(10, 0n, 1_000_000_000n),
    based(12.5, 10_000_000n, 1_020_000_000n),
  );

  it('has percentages based on that clock, and other rates based on the time of the readings', () => {
    expect(grown.rate(counter('totalRunTime'))).toBe(50);
    expect(grown.rate(counter('hypervisorRunTime'))).toBe(40);
    expect(grown.rate(counter('hypercalls'))).toBe(4_000_000);
    expect(grown.interval.seconds).toBe(2.5);
  });

  it('has percentages of several objects together based on the sum of their clocks', () => {
    const other = change('VIRTUAL_PROCESSOR', based(10, 0n, 0n), based(12.5, 20_000_000n, 20_000_000n));
    const total = new ChangeTotal([grown, other]);
    expect(total.rate(counter('totalRunTime'))).toBe(75);
    expect(total.rate(counter('hypervisorRunTime'))).toBe(60);
  });

  it.each([
    ['earlier', undefined, 20_000_000n],
    ['later', 0n, undefined],
  ])(
    'has percentages based on the time of the readings if the %s reading has no such clock',
    (_, before, after) => {
      const half = change('VIRTUAL_PROCESSOR', based(10, 0n, before), based(12.5, 10_000_000n, after));
      expect(half.rate(counter('totalRunTime'))).toBe(40);
    },
  );

  it('has no percentage if the clock has stopped, and is unknown if the clock went backwards', () => {
    const still = change('VIRTUAL_PROCESSOR', based(10, 0n, 5n), based(12.5, 1n, 5n));
    expect([still.rate(counter('totalRunTime')), still.interval.reset]).toEqual([null, false]);
    const back = change('VIRTUAL_PROCESSOR', based(10, 0n, 5n), based(12.5, 1n, 4n));
    expect([back.delta(counter('hypercalls')), back.interval.reset]).toEqual([null, true]);
  });

  it('is exact if the clock is near the end of 64 bits', () => {
    const late = 2n ** 64n - 20_000_001n;
    const high = change('VIRTUAL_PROCESSOR', based(10, 0n, late), based(12.5, 10_000_000n, 2n ** 64n - 1n));
    expect(high.rate(counter('totalRunTime'))).toBe(50);
  });
});

describe('a rate', () => {
  const grown = change(
    'VIRTUAL_PROCESSOR',
    sample(10, {
      hypercalls: 1000n,
      hypercallsCost: 50n,
      totalRunTime: 0n,
      cpuidInstructions: 7n,
      cpuidInstructionsCost: 3n,
    }),
    sample(12, {
      hypercalls: 1500n,
      hypercallsCost: 6050n,
      totalRunTime: 5_000_000n,
      cpuidInstructions: 7n,
      cpuidInstructionsCost: 3n,
    }),
  );

  it('of a count is per second', () => expect(grown.rate(counter('hypercalls'))).toBe(250));
  it('of a time is in percent of the elapsed time', () =>
    expect(grown.rate(counter('totalRunTime'))).toBe(25));
  it('of a cost is in nanoseconds per operation', () =>
    expect(grown.rate(counter('hypercallsCost'))).toBe(1200));
  it('of a cost is unknown when nothing happened', () =>
    expect(grown.rate(counter('cpuidInstructionsCost'))).toBeNull());
  it('of an absent counter is unknown', () => expect(grown.rate(counter('ioInstructions'))).toBeNull());
  it('of a cost is unknown if its operations are not counted', () => {
    const lone = change(
      'VIRTUAL_PROCESSOR',
      sample(0, { ioInstructionsCost: 0n }),
      sample(1, { ioInstructionsCost: 9n }),
    );
    expect(lone.rate(counter('ioInstructionsCost'))).toBeNull();
    expect(lone.delta(counter('ioInstructionsCost'))).toBe(9n);
  });
  it('of gauges and clocks is null', () => {
    const levels = change(
      'LOGICAL_PROCESSOR',
      sample(0, { monitorTransitionCost: 1n, globalTime: 0n }),
      sample(1, { monitorTransitionCost: 9n, globalTime: 9n }),
    );
    expect([levels.rate(lpCounter('monitorTransitionCost')), levels.delta(lpCounter('globalTime'))]).toEqual([
      null,
      null,
    ]);
  });
  it('is unknown when no time passed, and the delta is known', () => {
    const still = change(
      'VIRTUAL_PROCESSOR',
      sample(1, { hypercalls: 1n, totalRunTime: 1n }),
      sample(1, { hypercalls: 3n, totalRunTime: 3n }),
    );
    expect(still.rate(counter('hypercalls'))).toBeNull();
    expect(still.rate(counter('totalRunTime'))).toBeNull();
    expect(still.delta(counter('hypercalls'))).toBe(2n);
  });
});

describe('a rate of a total', () => {
  it('is unknown when any total of the object went backwards, and so is its delta', () => {
    const reset = change(
      'VIRTUAL_PROCESSOR',
      sample(0, { hypercalls: 5n, totalRunTime: 9n }),
      sample(1, { hypercalls: 4n, totalRunTime: 99n }),
    );
    expect(reset.interval.reset).toBe(true);
    for (const each of countersOf('VIRTUAL_PROCESSOR'))
      expect([reset.delta(each), reset.rate(each)]).toEqual([null, null]);
  });
  it('is known when a gauge decreased', () => {
    const lower = change(
      'PARTITION',
      sample(0, { gpaPages: 9n, gpaSpaceModifications: 1n }),
      sample(1, { gpaPages: 1n, gpaSpaceModifications: 4n }),
    );
    expect(lower.interval.reset).toBe(false);
    expect(lower.rate(counterNamed('PARTITION', 'gpaSpaceModifications'))).toBe(3);
  });
});

describe('a percentage of time', () => {
  // In units of 100 ns, over this many seconds.
  const share = (runTime: bigint, seconds = 1) =>
    change(
      'VIRTUAL_PROCESSOR',
      sample(0, { hypercalls: 1n, totalRunTime: 120n }),
      sample(seconds, { hypercalls: 5n, totalRunTime: 120n + runTime }),
    );

  it('that is impossible makes all changes of the object unknown, like a total that went backwards', () => {
    const impossible = share(5_079_430_000_000n, 2.9);
    expect(impossible.interval).toMatchObject({ seconds: 2.9, reset: true });
    for (const each of countersOf('VIRTUAL_PROCESSOR'))
      expect([impossible.delta(each), impossible.rate(each)]).toEqual([null, null]);
  });

  it('may be up to twice the time, because readings are not simultaneous', () => {
    expect(share(20_000_000n).rate(counter('totalRunTime'))).toBe(200);
    expect(share(20_000_001n).interval.reset).toBe(true);
  });

  it('may be up to a tenth of a second over a shorter time', () => {
    expect(share(1_100_000n, 0.01).rate(counter('totalRunTime'))).toBe(1_100);
    expect(share(1_100_001n, 0.01).interval.reset).toBe(true);
    expect(share(1_000_000n, 0).interval.reset).toBe(false);
    expect(share(1_000_001n, 0).interval.reset).toBe(true);
  });

  it('is based on the clock of the object if it has one', () => {
    const logical = (ticks: bigint) =>
      change(
        'LOGICAL_PROCESSOR',
        sample(0, { globalTime: 0n, totalRunTime: 0n }),
        sample(1, { globalTime: ticks, totalRunTime: 30_000_000n }),
      );
    expect(logical(10_000_000n).interval.reset).toBe(true);
    // The machine was suspended, and its steady clock with it.
    expect(logical(40_000_000n).rate(lpCounter('totalRunTime'))).toBe(75);
  });

  it('of several objects may reach the sum of their times, and is unknown if one of them is impossible', () => {
    const sum = new ChangeTotal([share(20_000_000n), share(19_000_000n)]);
    expect(sum.rate(counter('totalRunTime'))).toBe(195);
    const broken = new ChangeTotal([share(0n), share(20_000_001n)]);
    expect(broken.interval.reset).toBe(true);
    expect([broken.delta(counter('hypercalls')), broken.rate(counter('totalRunTime'))]).toEqual([null, null]);
  });
});

describe('an interval', () => {
  it('is measured by the monotonic clock if the wall clock was set in between', () => {
    const at = (wallMilliseconds: number, seconds: number) => ({
      at: { wallMilliseconds, monotonicNanoseconds: BigInt(seconds * 1e9) },
      reading: reading({ hypercalls: 1n }),
    });
    const { interval } = change('VIRTUAL_PROCESSOR', at(3_600_000, 10), at(1_000_000, 12.5));
    expect(interval).toMatchObject({
      from: { wallMilliseconds: 997_500 },
      to: { wallMilliseconds: 1_000_000 },
      seconds: 2.5,
      reset: false,
    });
  });
});

describe('the percentage of a logical processor', () => {
  it('is based on its own global time', () => {
    const grown = change(
      'LOGICAL_PROCESSOR',
      sample(0, { globalTime: 0n, totalRunTime: 0n, contextSwitchTime: 0n }),
      sample(1, { globalTime: 20_000_000n, totalRunTime: 5_000_000n, contextSwitchTime: 20_000_000n }),
    );
    expect(grown.rate(lpCounter('totalRunTime'))).toBe(25);
    // Context switch time is in nanoseconds, all others in 100 ns.
    expect(grown.rate(lpCounter('contextSwitchTime'))).toBe(1);
  });
  it('is unknown when the global time has stopped', () => {
    const grown = change(
      'LOGICAL_PROCESSOR',
      sample(0, { globalTime: 7n, totalRunTime: 0n }),
      sample(1, { globalTime: 7n, totalRunTime: 5n }),
    );
    expect(grown.rate(lpCounter('totalRunTime'))).toBeNull();
  });
  it('is based on the times of the readings if it reports no global time', () => {
    const grown = change(
      'LOGICAL_PROCESSOR',
      sample(0, { totalRunTime: 0n }),
      sample(1, { totalRunTime: 5_000_000n }),
    );
    expect(grown.rate(lpCounter('totalRunTime'))).toBe(50);
  });
  it('is unknown when its global time went backwards: the hypervisor was restarted', () => {
    const grown = change(
      'LOGICAL_PROCESSOR',
      sample(0, { globalTime: 7n, totalRunTime: 0n }),
      sample(1, { globalTime: 5n, totalRunTime: 5n }),
    );
    expect(grown.interval.reset).toBe(true);
  });
});

/** Whether a share of time is impossible: more than twice the time, and more than a tenth of a second beyond it. */
const isTooLong = (taken: number, passed: number): boolean => taken > 2 * passed && taken - passed > 1e8;

const uint64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const values = fc.array(fc.option(uint64, { nil: undefined }), { minLength: 65, maxLength: 65 });

describe('a change between any two readings', () => {
  it('is exact, never negative and never infinite, for all 64-bit values', () => {
    let resets = 0;
    let known = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...statisticsObjects),
        values,
        values,
        fc.integer({ min: 0, max: 1e12 }),
        fc.boolean(),
        (object, before, after, elapsed, sorted) => {
          // Half of the time totals only grow, as they mostly do.
          const ahead = sorted
            ? after.map((value, n) => {
                const b = before[n];
                return value !== undefined && b !== undefined && value < b ? b : value;
              })
            : after;
          const at = { wallMilliseconds: 0, monotonicNanoseconds: 0n };
          const grown = new ReadingChange(object, {
            earlier: { at, reading: { value: ({ slot }) => before[slot], page: null } },
            later: {
              at: { wallMilliseconds: 0, monotonicNanoseconds: BigInt(elapsed) },
              reading: { value: ({ slot }) => ahead[slot], page: null },
            },
          });
          const backwards = countersOf(object).some(({ kind, slot }) => {
            const [a, b] = [before[slot], ahead[slot]];
            return kind !== 'GAUGE' && kind !== 'RAW' && a !== undefined && b !== undefined && b < a;
          });
          const clock = clockOf(object);
          const [began, ended] = clock === undefined ? [] : [before[clock.slot], ahead[clock.slot]];
          const passed = began === undefined || ended === undefined ? elapsed : Number(ended - began) * 100;
          const impossible = countersOf(object).some(({ kind, slot, unit }) => {
            const [a, b] = [before[slot], ahead[slot]];
            return (
              kind === 'TIME' &&
              a !== undefined &&
              b !== undefined &&
              isTooLong(Number(b - a) * (unit === '100ns' ? 100 : 1), passed)
            );
          });
          const isReset = backwards || impossible;
          expect(grown.interval.reset).toBe(isReset);
          if (isReset) resets += 1;
          for (const each of countersOf(object)) {
            const [a, b] = [before[each.slot], ahead[each.slot]];
            const delta = grown.delta(each);
            const rate = grown.rate(each);
            const isKnown = isTotal(each) && !isReset && a !== undefined && b !== undefined;
            expect(delta).toBe(isKnown ? b - a : null);
            if (rate === null) continue;
            known += 1;
            expect(Number.isFinite(rate) && rate >= 0).toBe(true);
            expect(isKnown).toBe(true);
          }
        },
      ),
      { numRuns: 2000, seed: 3 },
    );
    expect(resets).toBeGreaterThan(200);
    expect(known).toBeGreaterThan(2000);
  });
});

describe('totals of several objects', () => {
  it('add counters, and omit those that are missing from one of the readings', () => {
    const total = new ReadingTotal([
      reading({ hypercalls: 3n, cpuidInstructions: 1n }),
      reading({ hypercalls: 4n }),
    ]);
    expect(total.value(counter('hypercalls'))).toBe(7n);
    expect(total.value(counter('cpuidInstructions'))).toBeUndefined();
  });
  it('are an error if the sum exceeds 64 bits', () => {
    const total = new ReadingTotal([reading({ hypercalls: 2n ** 64n - 1n }), reading({ hypercalls: 1n })]);
    expect(() => total.value(counter('hypercalls'))).toThrow(
      'The sum of hypercalls is 18446744073709551616, more than 64 bits hold.',
    );
  });
  it('add events per second, average percentages over all time, and average costs over all operations', () => {
    const one = change(
      'VIRTUAL_PROCESSOR',
      sample(0, { hypercalls: 0n, hypercallsCost: 0n, totalRunTime: 0n }),
      sample(1, { hypercalls: 10n, hypercallsCost: 100n, totalRunTime: 10_000_000n }),
    );
    const two = change(
      'VIRTUAL_PROCESSOR',
      sample(0, { hypercalls: 0n, hypercallsCost: 0n, totalRunTime: 0n }),
      sample(1, { hypercalls: 30n, hypercallsCost: 20n, totalRunTime: 0n }),
    );
    const total = new ChangeTotal([one, two]);
    expect(total.delta(counter('hypercalls'))).toBe(40n);
    expect(total.rate(counter('hypercalls'))).toBe(40);
    expect(total.rate(counter('totalRunTime'))).toBe(50);
    expect(total.rate(counter('hypercallsCost'))).toBe(300);
    expect(total.interval).toMatchObject({ seconds: 1, reset: false });
  });
  it('use the clocks of logical processors for their time', () => {
    const one = change(
      'LOGICAL_PROCESSOR',
      sample(0, { globalTime: 0n, totalRunTime: 0n }),
      sample(1, { globalTime: 10n, totalRunTime: 5n }),
    );
    const two = change(
      'LOGICAL_PROCESSOR',
      sample(0, { globalTime: 0n, totalRunTime: 0n }),
      sample(1, { globalTime: 30n, totalRunTime: 5n }),
    );
    expect(new ChangeTotal([one, two]).rate(lpCounter('totalRunTime'))).toBe(25);
  });
  it('are unknown if one of the objects was reset', () => {
    const one = change('VIRTUAL_PROCESSOR', sample(0, { hypercalls: 0n }), sample(1, { hypercalls: 10n }));
    const reset = change('VIRTUAL_PROCESSOR', sample(0, { hypercalls: 9n }), sample(1, { hypercalls: 1n }));
    const total = new ChangeTotal([one, reset]);
    expect(total.interval.reset).toBe(true);
    expect([total.delta(counter('hypercalls')), total.rate(counter('hypercalls'))]).toEqual([null, null]);
  });
});
