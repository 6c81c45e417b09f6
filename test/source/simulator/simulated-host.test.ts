import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countersInPages, countersOf, operationsOf } from '../../../src/catalogue/catalogue.ts';
import { isTotal } from '../../../src/catalogue/counter.ts';
import type { SimulatedHost } from '../../../src/source/simulator/simulated-host.ts';
import { fuzzSettings } from '../../fuzz/choice.ts';
import { hostOf, readSimulatedHost, minute, second, sumOf, type ObjectReadings } from './read-host.ts';

type HostReadings = ReadonlyMap<string, ObjectReadings>;

const sizes = fc
  .record({
    seed: fc.integer({ min: 0, max: 0xffff_ffff }),
    lps: fc.integer({ min: 1, max: 8 }),
    partitions: fc.integer({ min: 1, max: 9 }),
    vps: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ seed, lps, partitions, vps }) => {
    const nested = Math.max(0, partitions - 4);
    return `seed=${seed}&lps=${lps}&partitions=${partitions}&vps=${vps}&nested=${nested}`;
  });
/** From nanoseconds to hours. */
const step = fc.oneof(
  fc.bigInt(0n, 1_000n),
  fc.bigInt(0n, second),
  fc.bigInt(0n, 3n * minute),
  fc.bigInt(0n, 120n * minute),
);
const steps = fc.array(step, { minLength: 1, maxLength: 6 });
const seed = 20261120;
const { numRuns: usualRuns } = fuzzSettings(20);

/** Advances a host step by step and passes on each pair of readings, with the time between them. */
function forEachInterval(
  moves: { readonly query: string; readonly steps: readonly bigint[] },
  check: (before: HostReadings, after: HostReadings, host: SimulatedHost) => void,
): void {
  const host = hostOf(moves.query);
  let elapsed = 0n;
  let before = readSimulatedHost(host);
  for (const step of moves.steps) {
    elapsed += step;
    host.advanceTo(elapsed);
    const after = readSimulatedHost(host);
    check(before, after, host);
    before = after;
  }
}

function property(
  check: (before: HostReadings, after: HostReadings, host: SimulatedHost) => void,
  { release, numRuns } = { release: 2013, numRuns: usualRuns },
): void {
  fc.assert(
    fc.property(sizes, steps, (size, steps) =>
      forEachInterval({ query: `${size}&release=${release}`, steps }, check),
    ),
    { seed, numRuns },
  );
}

function change(
  before: HostReadings,
  after: HostReadings,
  of: readonly ['LOGICAL_PROCESSOR' | 'VIRTUAL_PROCESSOR', string],
): bigint {
  return sumOf(after, ...of) - sumOf(before, ...of);
}

describe('a simulated host, at any time', () => {
  it('has totals and clocks that never go back', () => {
    property((before, after) => {
      for (const [key, object] of after) {
        const earlier = before.get(key);
        if (earlier === undefined) continue;
        for (const counter of countersInPages(object.name.object, 2013)) {
          if (!isTotal(counter) && counter.kind !== 'CLOCK') continue;
          const grown: bigint = object.value(counter.field) - earlier.value(counter.field);
          if (grown < 0n) expect.fail(`${key} ${counter.field} went back by ${-grown}`);
        }
      }
    });
  });

  it('has run times that add up exactly while no partition stops', () => {
    let held = 0;
    property((before, after) => {
      if ([...before.keys()].some((key) => !after.has(key))) return;
      held++;
      const own =
        change(before, after, ['LOGICAL_PROCESSOR', 'hypervisorRunTime']) -
        change(before, after, ['VIRTUAL_PROCESSOR', 'hypervisorRunTime']);
      const guests = change(before, after, ['VIRTUAL_PROCESSOR', 'totalRunTime']);
      expect(change(before, after, ['LOGICAL_PROCESSOR', 'totalRunTime'])).toBe(guests + own);
      expect(own).toBeGreaterThanOrEqual(0n);
    });
    expect(held).toBeGreaterThan(50);
  });

  it('has run times that still add up exactly after days', () => {
    let held = 0;
    forEachInterval(
      { query: 'partitions=4', steps: [72n * 60n * minute, 7n, second / 3n] },
      (before, after) => {
        if ([...before.keys()].some((key) => !after.has(key))) return;
        held++;
        const logical = change(before, after, ['LOGICAL_PROCESSOR', 'totalRunTime']);
        const own =
          change(before, after, ['LOGICAL_PROCESSOR', 'hypervisorRunTime']) -
          change(before, after, ['VIRTUAL_PROCESSOR', 'hypervisorRunTime']);
        expect(logical).toBe(change(before, after, ['VIRTUAL_PROCESSOR', 'totalRunTime']) + own);
      },
    );
    expect(held).toBe(2);
  });

  it('has logical processors whose run and idle times do not exceed the elapsed time', () => {
    property((before, after) => {
      for (const [key, object] of after) {
        if (object.name.object !== 'LOGICAL_PROCESSOR') continue;
        const at = (field: string): bigint => object.value(field);
        const grown = (field: string): bigint => at(field) - (before.get(key)?.value(field) ?? 0n);
        expect(grown('totalRunTime')).toBeLessThanOrEqual(grown('globalTime'));
        expect(grown('hypervisorRunTime')).toBeLessThanOrEqual(grown('totalRunTime'));
        const idle = at('globalTime') - at('totalRunTime');
        expect(at('c1Time') + at('c2Time') + at('c3Time')).toBeLessThanOrEqual(idle);
      }
    });
  });

  it('has virtual processors whose costs match their counts and fit into the hypervisor run time', () => {
    property((_, after) => {
      for (const object of after.values()) {
        const { name } = object;
        if (name.object !== 'VIRTUAL_PROCESSOR') continue;
        const value = (field: string): bigint => object.value(field);
        let costs = 0n;
        for (const cost of countersInPages(name.object, 2013).filter(({ kind }) => kind === 'COST')) {
          const [, nanoseconds = 0] = cost.simulated ?? [];
          expect(value(cost.field)).toBe((value(operationsOf(cost).field) * BigInt(nanoseconds)) / 100n);
          costs += value(cost.field);
        }
        expect(costs).toBeLessThanOrEqual(value('hypervisorRunTime'));
        expect(value('hypervisorRunTime')).toBeLessThanOrEqual(value('totalRunTime'));
        const parts = countersOf(name.object).filter(({ partOf }) => partOf === 'hypercalls');
        expect(value('hypercalls')).toBe(parts.reduce((sum, { field }) => sum + value(field), 0n));
      }
    });
  });

  it('reports the actual numbers of its objects', () => {
    property((_, after, host) => {
      const hypervisor = after.get('');
      const { partitions, logicalProcessors } = host.topology;
      expect(hypervisor?.value('logicalProcessors')).toBe(BigInt(logicalProcessors.length));
      expect(hypervisor?.value('partitions')).toBe(BigInt(partitions.length));
      expect(hypervisor?.value('virtualProcessors')).toBe(
        BigInt(partitions.reduce((sum, { virtualProcessors }) => sum + virtualProcessors.length, 0)),
      );
      for (const { id, virtualProcessors } of partitions) {
        const value = after.get(`partition/${id}`)?.value('virtualProcessors');
        expect(value).toBe(BigInt(virtualProcessors.length));
      }
    });
  });

  it('has the same pages regardless of earlier reads', () => {
    fc.assert(
      fc.property(sizes, steps, (query, steps) => {
        const walked = hostOf(query);
        let elapsed = 0n;
        for (const step of steps) walked.advanceTo((elapsed += step));
        const leapt = hostOf(query);
        leapt.advanceTo(elapsed);
        expect(leapt.topology.partitions).toEqual(walked.topology.partitions);
        for (const name of leapt.objects) {
          if (!Buffer.from(leapt.page(name) ?? []).equals(walked.page(name) ?? new Uint8Array())) {
            expect.fail(`${JSON.stringify({ ...name }, (_, v: unknown) => String(v))} differs`);
          }
        }
      }),
      { seed, numRuns: usualRuns },
    );
  });
});

describe('a simulated host', () => {
  it('does not change when time goes backwards', () => {
    const host = hostOf('');
    host.advanceTo(30n * second);
    const held = host.objects.map((name) => host.page(name));
    host.advanceTo(29n * second);
    host.advanceTo(-1n);
    expect(host.objects.map((name) => host.page(name))).toEqual(held);
  });

  it('differs for another seed', () => {
    const [one, other] = ['seed=1', 'seed=2'].map((query) =>
      hostOf(query).page({ object: 'LOGICAL_PROCESSOR', index: 0 }),
    );
    expect(one).not.toEqual(other);
  });

  it('grows evenly within a second, so that ten reads in it have the same rate', () => {
    const host = hostOf('');
    const run = Array.from({ length: 11 }, (_, tenth) => {
      host.advanceTo(7n * second + (BigInt(tenth) * second) / 10n);
      return readSimulatedHost(host).get('partition/2/vp/0')?.value('totalRunTime') ?? 0n;
    });
    const grown = run.slice(1).map((value, n) => value - (run[n] ?? 0n));
    expect(grown[0]).toBeGreaterThan(0n);
    expect(new Set(grown).size).toBe(1);
  });

  it('runs one virtual processor at a time on a logical processor', () => {
    const host = hostOf('lps=1&partitions=4&vps=2');
    const readingsBySecond = Array.from({ length: 400 }, (_, n) => {
      host.advanceTo(BigInt(n) * 3_100n);
      return readSimulatedHost(host);
    });
    readingsBySecond.slice(1).forEach((readings, n) => {
      const before = readingsBySecond[n] ?? readings;
      const passed = change(before, readings, ['LOGICAL_PROCESSOR', 'globalTime']);
      expect(passed).toBe(31n);
      expect(change(before, readings, ['VIRTUAL_PROCESSOR', 'totalRunTime'])).toBeLessThanOrEqual(passed);
      expect(change(before, readings, ['LOGICAL_PROCESSOR', 'totalRunTime'])).toBeLessThanOrEqual(passed);
    });
  });

  it('increases every total of the catalogue', () => {
    const host = hostOf('lps=2&partitions=6&vps=3');
    host.advanceTo(20n * minute);
    const readings = readSimulatedHost(host);
    for (const kind of ['LOGICAL_PROCESSOR', 'PARTITION', 'VIRTUAL_PROCESSOR'] as const) {
      const still = countersInPages(kind, 2013).filter(({ field }) => sumOf(readings, kind, field) === 0n);
      expect(still.map(({ field }) => field)).toEqual([]);
    }
  });

  it('gives partitions different loads, and the virtual processors of one the same', () => {
    const readings = readSimulatedHost(hostOf('partitions=4&vps=2'));
    const ratio = (key: string): number => {
      const object = readings.get(key);
      return Number(object?.value('smallPageTlbFills')) / Number(object?.value('msrAccesses'));
    };
    expect(ratio('partition/1/vp/0')).toBeCloseTo(ratio('partition/1/vp/1'), 2);
    expect(Math.abs(ratio('partition/1/vp/0') - ratio('partition/2/vp/0'))).toBeGreaterThan(0.05);
  });

  it('is partly and unevenly loaded, and shares its time when it is full', () => {
    for (const query of ['', 'lps=64&partitions=128&vps=8', 'lps=2&partitions=12']) {
      const host = hostOf(query);
      const before = readSimulatedHost(host);
      host.advanceTo(2n * minute);
      const after = readSimulatedHost(host);
      const loads = host.topology.logicalProcessors.map((index) => {
        const grown = (field: string): number =>
          Number(
            (after.get(`lp/${index}`)?.value(field) ?? 0n) - (before.get(`lp/${index}`)?.value(field) ?? 0n),
          );
        return grown('totalRunTime') / grown('globalTime');
      });
      const mean = loads.reduce((a, b) => a + b, 0) / loads.length;
      expect(mean).toBeGreaterThan(0.1);
      expect(mean).toBeLessThan(0.95);
      expect(Math.max(...loads) - Math.min(...loads)).toBeGreaterThan(0.005);
    }
  });
});

describe('a simulated host of release 2026', () => {
  const query = 'lps=2&partitions=6&vps=3&release=2026';

  it('has the same values as one of release 2013 in common counters, except those of additional work', () => {
    const [older, newer] = ['release=2013', 'release=2026'].map((release) => {
      const host = hostOf(`lps=2&partitions=4&vps=2&${release}`);
      host.advanceTo(minute);
      return readSimulatedHost(host);
    });
    const clock = (readings: HostReadings | undefined): bigint | undefined =>
      readings?.get('lp/0')?.value('globalTime');
    expect(clock(newer)).toBe(clock(older));
    expect(newer?.get('')?.value('virtualProcessors')).toBe(older?.get('')?.value('virtualProcessors'));
    expect(() => older?.get('')?.value('modernStandbyEntries')).toThrow(
      'does not carry modernStandbyEntries',
    );
    expect(newer?.get('')?.value('modernStandbyEntries')).toBe(0n);
  });

  it('has totals that never go back, and increases all counters with a simulation rule', () => {
    forEachInterval({ query, steps: [second, 20n * minute] }, (before, after) => {
      for (const [key, object] of after) {
        for (const counter of countersInPages(object.name.object, 2026).filter(isTotal)) {
          const earlier = before.get(key)?.value(counter.field) ?? 0n;
          if (object.value(counter.field) < earlier) expect.fail(`${key} ${counter.field} went back`);
        }
      }
    });
    const host = hostOf(query);
    host.advanceTo(20n * minute);
    const readings = readSimulatedHost(host);
    for (const kind of ['LOGICAL_PROCESSOR', 'PARTITION', 'VIRTUAL_PROCESSOR'] as const) {
      const moved = countersInPages(kind, 2026).filter(({ field }) => sumOf(readings, kind, field) > 0n);
      const driven = countersInPages(kind, 2026).filter(({ simulated }) => simulated !== null);
      expect(moved).toEqual(driven);
    }
  });

  it('has costs that still fit into the hypervisor run time, including appended ones', () => {
    property(
      (_, after) => {
        for (const object of after.values()) {
          if (object.name.object !== 'VIRTUAL_PROCESSOR') continue;
          const costs = countersInPages(object.name.object, 2026).filter(({ kind }) => kind === 'COST');
          const sum = costs.reduce((total, { field }) => total + object.value(field), 0n);
          expect(costs.length).toBeGreaterThan(14);
          expect(sum).toBeLessThanOrEqual(object.value('hypervisorRunTime'));
        }
      },
      { release: 2026, numRuns: Math.ceil(usualRuns / 4) },
    );
  });
});
