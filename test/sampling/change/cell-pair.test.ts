import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { neverGoesBack, maxUInt64 } from '../../../src/catalogue/counter.ts';
import { statisticsObjects } from '../../../src/catalogue/group.ts';
import { ReadingChange } from '../../../src/sampling/change/change.ts';
import type { CellLayout, Reading } from '../../../src/snapshot/reading.ts';

/** Cells for all counters of a kind of object, except those that are absent. */
function layoutOf(absent: ReadonlySet<number>): CellLayout {
  return { offsetOf: ({ slot }) => (absent.has(slot) ? -1 : slot * 8) };
}

/** The numbers by slot, as a reading that has them in memory and as one that does not. */
function readings(layout: CellLayout, numbers: readonly bigint[]): { inMemory: Reading; plain: Reading } {
  const view = new DataView(new ArrayBuffer(numbers.length * 8));
  for (const [slot, number] of numbers.entries()) view.setBigUint64(slot * 8, number, true);
  const value: Reading['value'] = (counter) =>
    layout.offsetOf(counter) < 0 ? undefined : numbers[counter.slot];
  return { inMemory: { value, page: null, cells: { view, layout } }, plain: { value, page: null } };
}

describe('a change between two readings with the same layout in memory', () => {
  const wide = fc
    .tuple(fc.bigInt({ min: 0n, max: maxUInt64 }), fc.bigInt({ min: 0n, max: 63n }))
    .map(([number, bits]) => number >> bits);

  it.each(statisticsObjects)(
    'of a %s is the same as between any two other readings, to the last bit',
    (object) => {
      const counters = countersOf(object);
      const { length } = counters;
      const last = counters.at(-1);
      let resets = 0;
      const property = fc.property(
        fc.array(wide, { minLength: length, maxLength: length }),
        fc.array(fc.oneof(wide, fc.constant(0n)), { minLength: length, maxLength: length }),
        fc.uniqueArray(fc.nat({ max: length - 1 }), { maxLength: 3 }),
        fc.boolean(),
        fc.nat({ max: 5 }).map((n) => n === 0),
        (before, grown, absent, goesBack, takesLong) => {
          const after = before.map((number, n) => {
            // Times mostly grow by no more than the elapsed time.
            const most = counters[n]?.kind === 'TIME' && !takesLong ? 0xf_ffffn : maxUInt64;
            const sum = number + ((grown[n] ?? 0n) & most);
            if (goesBack && n === length - 1) return number >> 1n;
            return sum <= maxUInt64 ? sum : number;
          });
          const layout = layoutOf(new Set(absent));
          const [earlier, later] = [readings(layout, before), readings(layout, after)];
          const changeOf = (way: 'inMemory' | 'plain'): ReadingChange =>
            new ReadingChange(object, {
              earlier: { at: { wallMilliseconds: 0, monotonicNanoseconds: 0n }, reading: earlier[way] },
              later: {
                at: { wallMilliseconds: 0, monotonicNanoseconds: 1_234_567_890n },
                reading: later[way],
              },
            });
          const [inMemory, plain] = [changeOf('inMemory'), changeOf('plain')];
          expect(inMemory.interval).toEqual(plain.interval);
          if (plain.interval.reset) resets += 1;
          for (const counter of countersOf(object)) {
            expect([counter.field, inMemory.rate(counter)]).toEqual([counter.field, plain.rate(counter)]);
            expect(inMemory.delta(counter)).toBe(plain.delta(counter));
          }
        },
      );
      fc.assert(property, { numRuns: 300, seed: 1 });
      // Gauges may go down, and the last counter of some objects is one.
      expect(resets).toBeLessThan(250);
      if (last && neverGoesBack(last)) expect(resets).toBeGreaterThan(50);
    },
  );
});
