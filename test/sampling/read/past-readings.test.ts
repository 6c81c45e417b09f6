import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { decodePage } from '../../../src/page/decode.ts';
import { encodeCounters } from '../../../src/page/encode.ts';
import { Absences } from '../../../src/sampling/guard/absences.ts';
import { HeldReadings } from '../../../src/sampling/read/held-readings.ts';
import { PastReadings, type HeldSnapshot } from '../../../src/sampling/read/past-readings.ts';
import { readingInCells } from '../../../src/snapshot/cell-reading.ts';
import { CopyMemory, packed } from '../../../src/snapshot/packed-reading.ts';
import type { Reading } from '../../../src/snapshot/reading.ts';
import { SimulatedHost } from '../../../src/source/simulator/simulated-host.ts';
import { simulatorSettings } from '../../../src/source/simulator/settings.ts';

const object = 'VIRTUAL_PROCESSOR';
const counters = countersOf(object);
const cells = counters.length;
/** Counters side by side, as text sources have them. */
const layout = {
  offsetOf: ({ slot }: { slot: number }) => slot * 8,
  unnamed: [],
  baseOffsetOf: undefined,
};

function momentAt(milliseconds: number) {
  return { wallMilliseconds: milliseconds, monotonicNanoseconds: BigInt(milliseconds) * 1_000_000n };
}

function snapshotAt(milliseconds: number): HeldSnapshot {
  return { at: momentAt(milliseconds), milliseconds, absencesBefore: 0 };
}

function readingOf(values: readonly bigint[], at?: number): Reading {
  const view = new DataView(new ArrayBuffer(cells * 8));
  for (const [n, value] of values.entries()) view.setBigUint64(n * 8, value, true);
  return readingInCells({ layout, view }, at === undefined ? undefined : momentAt(at));
}

function valuesOf(reading: Reading): (bigint | undefined)[] {
  return counters.map((counter) => reading.value(counter));
}

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 56n, 2n ** 63n, 2n ** 64n - 1n),
);
/** Most counters stand still, some change by little, a few by anything. */
const change = fc.record({
  slot: fc.nat({ max: cells - 1 }),
  value: u64,
  isFar: fc.boolean(),
  by: fc.integer(),
});

describe('past readings', () => {
  it('have the same values if they are read for a comparison only', () => {
    const all = [0n, 1n, 2n].map((value) => readingOf(Array.from({ length: cells }, () => value)));
    const past = PastReadings.from(readingOf([7n]), { object, snapshot: snapshotAt(0) });
    for (const [n, reading] of all.entries()) past?.add(snapshotAt(n + 1), reading);
    for (let n = 0; n < (past?.length ?? 0); n += 1)
      expect(past && valuesOf(past.readingForNow(n))).toEqual(past && valuesOf(past.reading(n)));
    expect(past?.length).toBeGreaterThan(1);
  });

  it('do not keep the shared memory of other copies of pages alive', () => {
    const memory = new CopyMemory();
    const page = decodePage(
      encodeCounters(object, () => 7n),
      { object, place: 'a page', release: 2026 },
    );
    const copy = packed(page, object, memory);
    const past = PastReadings.from(copy, { object, snapshot: snapshotAt(0) });
    const shared = copy.cells?.view.buffer;
    expect(shared?.byteLength).toBeGreaterThan(copy.cells?.view.byteLength ?? Infinity);
    new Uint8Array(shared as ArrayBuffer).fill(0);
    expect(past && valuesOf(past.reading(0))).toEqual(valuesOf(page));
    expect(valuesOf(page)).toContain(7n);
  });

  it('have exactly the same values, also after others of them were dropped', () => {
    let [kept, begun] = [0, 0];
    const property = fc.property(
      fc.array(u64, { minLength: cells, maxLength: cells }),
      fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 6 }),
      (first, changes) => {
        const past = PastReadings.from(readingOf(first), { object, snapshot: snapshotAt(0) });
        const all = [first];
        for (const some of changes) {
          const values = [...first];
          for (const { slot, value, isFar, by } of some)
            values[slot] = isFar ? value : BigInt.asUintN(64, (first[slot] ?? 0n) + BigInt(by));
          const isIn = past?.add(snapshotAt(all.length), readingOf(values)) === true;
          if (isIn) all.push(values);
          else begun += 1;
        }
        kept += all.length;
        expect(all.map((_, n) => past && valuesOf(past.reading(n)))).toEqual(all);
        const odd = past?.only((n) => n % 2 === 1);
        const rest = all.filter((_, n) => n % 2 === 1);
        expect(rest.map((_, n) => odd && valuesOf(odd.reading(n)))).toEqual(rest);
        expect(odd?.snapshots.map(({ milliseconds }) => milliseconds)).toEqual(
          all.flatMap((_, n) => (n % 2 === 1 ? [n] : [])),
        );
      },
    );
    fc.assert(property, { numRuns: 100 });
    expect(kept).toBeGreaterThan(begun);
  });

  it("keep a reading's own time", () => {
    const values = new Array<bigint>(cells).fill(7n);
    const past = PastReadings.from(readingOf(values), { object, snapshot: snapshotAt(0) });
    past?.add(snapshotAt(1_000), readingOf(values, 1_003));
    expect([0, 1].map((n) => past?.reading(n).at?.wallMilliseconds)).toEqual([undefined, 1_003]);
    expect(past?.only((n) => n === 1).reading(0).at?.wallMilliseconds).toBe(1_003);
  });

  it('cannot contain readings with another layout', () => {
    const page = decodePage(
      encodeCounters(object, () => 1n),
      { object, place: 'a page', release: 2026 },
    );
    const past = PastReadings.from(page, { object, snapshot: snapshotAt(0) });
    expect(past?.add(snapshotAt(1_000), readingOf([]))).toBe(false);
    expect(past?.length).toBe(1);
  });
});

describe('five minutes of readings', () => {
  it('of the 64 virtual processors of the middle workload, each second, take at most 8 MB', () => {
    const settings = simulatorSettings(new URLSearchParams('lps=16&partitions=16&vps=4'));
    const host = new SimulatedHost(settings);
    const held = new HeldReadings(new Absences(), undefined, () => 0);
    for (let second = 1; second <= 301; second += 1) {
      host.advanceTo(BigInt(second) * 1_000_000_000n);
      // Guests stop, and others take their place.
      const names = host.topology.partitions.flatMap(({ id: partitionId, virtualProcessors }) =>
        virtualProcessors.map((index) => ({ object, partitionId, index }) as const),
      );
      const read = names.flatMap((name) => {
        const bytes = host.page(name);
        return bytes === undefined ? [] : [{ name, bytes }];
      });
      const outcomes = read.map(({ bytes }) => decodePage(bytes, { object, place: 'a page', release: 2026 }));
      const objects = read.map(({ name }) => name);
      held.hold(objects, { at: momentAt(second * 1_000), outcomes, absencesBefore: 0 });
    }
    expect(held.facts.readings).toBeGreaterThan(60 * 300);
    expect(held.facts.bytes).toBeLessThan(8_000_000);
  });
});
