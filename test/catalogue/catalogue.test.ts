import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  catalogue,
  clockOf,
  counterNamed,
  countersInPages,
  countersOf,
  operationsOf,
} from '../../src/catalogue/catalogue.ts';
import { isTotal, type CounterKind, type CounterReporter } from '../../src/catalogue/counter.ts';
import {
  groupsOf,
  statisticsGroups,
  statisticsObjects,
  type StatisticsObject,
  releases,
  versionMinorOf,
} from '../../src/catalogue/group.ts';

interface ReferenceRow {
  object: string;
  group: string;
  index: number;
  seedName: string;
  field: string;
  kind: string;
  storedUnit: string;
  rateUnit: string | null;
  mshv: string;
  wmi: string[];
  operations?: string;
  onArm64: boolean;
}
interface Reference {
  groups: Record<string, { id: number; version: string; object: string; origin: string; access: string }>;
  counters: ReferenceRow[];
}
const reference = JSON.parse(
  readFileSync(new URL('../fixtures/counters.json', import.meta.url), 'utf8'),
) as Reference;
/** Each name that the Linux driver prints, and the slot where it finds it on each machine. */
const driver = JSON.parse(
  readFileSync(new URL('../fixtures/mshv-counters.json', import.meta.url), 'utf8'),
) as Record<StatisticsObject, Record<string, { x64?: number; arm64?: number }>>;
/** Names of slots that the driver has in reserve: not counters, so no rows. */
const isPlaceholder = (name: string): boolean => /^(?:Hv|Lp|Pt|Vp)Placeholder\d+$/.test(name);
const seed = catalogue.filter(({ reportedBy }) => reportedBy.includes('PUBLIC_2013'));

describe('the catalogue', () => {
  it('has the 96 counters of the reference, with equal values in every column', () => {
    const rows = seed.map((counter) => ({
      object: counter.object,
      group: counter.group,
      index: counter.index,
      seedName: counter.title,
      field: counter.field,
      kind: counter.kind,
      storedUnit: counter.unit,
      rateUnit: counter.rateUnit,
      mshv: counter.linux,
      wmi: counter.windows,
      ...(counter.operations === undefined ? {} : { operations: counter.operations }),
      onArm64: counter.reportedBy.includes('LINUX_ARM64'),
    }));
    expect(rows).toHaveLength(96);
    expect(rows).toEqual(reference.counters);
  });

  it('lists the counters of the reference first, in their slots', () => {
    for (const object of statisticsObjects) {
      const counters = countersOf(object);
      const known = reference.counters.filter((row) => row.object === object);
      expect(counters.slice(0, known.length).map(({ field }) => field)).toEqual(
        known.map(({ field }) => field),
      );
    }
  });

  it('has one row for each name of the Linux driver except reserved slots, and says which architectures have it', () => {
    for (const object of statisticsObjects) {
      const counters = countersOf(object);
      const names = driver[object];
      const known = Object.keys(names).filter((name) => !isPlaceholder(name));
      expect(counters.map(({ linux }) => linux).toSorted()).toEqual(known.toSorted());
      for (const { linux, reportedBy } of counters) {
        const machines = reportedBy.filter((reporter) => reporter.startsWith('LINUX_'));
        const { x64, arm64 } = names[linux] ?? {};
        const expected = [
          ...(x64 === undefined ? [] : ['LINUX_X64']),
          ...(arm64 === undefined ? [] : ['LINUX_ARM64']),
        ];
        expect([linux, machines]).toEqual([linux, expected]);
      }
    }
    const count = (reporter: CounterReporter): number =>
      catalogue.filter(({ reportedBy }) => reportedBy.includes(reporter)).length;
    expect(catalogue).toHaveLength(297);
    expect([count('PUBLIC_2013'), count('LINUX_X64'), count('LINUX_ARM64')]).toEqual([96, 293, 177]);
  });

  it('places each counter where the driver finds it on x86-64, with headers in between', () => {
    for (const object of statisticsObjects) {
      const groups = groupsOf(object);
      let before = 0;
      for (const { name } of groups) {
        const counters = countersInPages(object, 2026).filter(({ group }) => group === name);
        for (const { linux, index } of counters) {
          expect([linux, driver[object][linux]?.x64]).toEqual([linux, before + (index ?? 0)]);
        }
        before += counters.length + 1;
      }
    }
    const placeless = catalogue.filter(({ index }) => index === null).map(({ linux }) => linux);
    expect(placeless).toEqual([
      'VpSysRegAccessesCount',
      'VpSysRegAccessesTime',
      'VpSmcInstructionsCount',
      'VpSmcInstructionsTime',
    ]);
  });

  it("uses the driver's names for counters that the driver added, without the words Count and Time", () => {
    for (const { linux, field, release, kind, title } of catalogue) {
      if (release === 2013) continue;
      expect(title).toBe(linux);
      const bare = linux.slice(2).toLowerCase();
      const start = kind === 'COUNT' ? bare.replace(/count$/, '') : bare;
      const name = kind === 'COST' ? bare.replace(/time$/, 'cost') : start;
      if (kind === 'COUNT') expect(field.toLowerCase().replace(/e?s$/, '')).toBe(name.replace(/e?s$/, ''));
      else expect(field.toLowerCase()).toBe(name);
      expect(field).toMatch(/^[a-z][A-Za-z0-9]*$/);
    }
  });

  it('gives a counter that the driver added a kind only if a pair of counters or a Windows name proves it', () => {
    const added = catalogue.filter(({ release }) => release === 2026);
    for (const counter of added) {
      const { linux, kind, windows, unit } = counter;
      const [property = ''] = windows;
      const hasPair = added.some((cost) => cost.kind === 'COST' && cost.operations === counter.field);
      if (kind === 'COUNT') expect([linux, hasPair || property.endsWith('Persec')]).toEqual([linux, true]);
      if (kind === 'TIME') expect([linux, property.startsWith('Percent')]).toEqual([linux, true]);
      if (kind === 'COST') expect(linux).toMatch(/Time$|Cost$/);
      if (kind === 'GAUGE') expect(property).not.toMatch(/Persec$|^Percent|Cost$/);
      expect(kind === 'TIME' || kind === 'COST').toBe(unit === '100ns');
    }
    const count = (kind: CounterKind): number => added.filter((counter) => counter.kind === kind).length;
    expect([count('COUNT'), count('TIME'), count('COST'), count('GAUGE'), count('RAW')]).toEqual([
      77, 4, 39, 14, 67,
    ]);
  });

  it('describes counters without a public description as undocumented', () => {
    const { description } = counterNamed('VIRTUAL_PROCESSOR', 'contentionTime');
    expect(description).toBe('VpContentionTime of the Linux driver; what it counts is not documented.');
  });

  it('has no row for a reserved slot', () => {
    expect(catalogue.filter(({ field }) => /placeholder/i.test(field))).toEqual([]);
  });

  it('has the six groups of the reference, and the one that newer releases added', () => {
    const { HVV, ...known } = statisticsGroups;
    expect(HVV).toMatchObject({ id: 3, versionMinor: 1, object: 'HYPERVISOR', access: 'GLOBAL' });
    const groups = Object.fromEntries(
      Object.values(known).map((group) => [
        group.name,
        {
          id: group.id,
          version: `${group.versionMajor}.${group.versionMinor}`,
          object: group.object,
          origin: group.origin,
          access: group.access,
        },
      ]),
    );
    expect(groups).toEqual(
      Object.fromEntries(
        Object.entries(reference.groups).map(([name, group]) => [name, omit(group, 'seed')]),
      ),
    );
  });

  it('assigns each page position, field, name and description to one counter only', () => {
    for (const object of statisticsObjects) {
      const counters = countersOf(object);
      expectDistinct(countersInPages(object, 2026).map(({ group, index }) => `${group} ${index}`));
      expectDistinct(counters.map(({ field }) => field));
      expectDistinct(counters.map(({ linux }) => linux));
      expectDistinct(counters.flatMap(({ windows }) => windows));
      expectDistinct(counters.map(({ description }) => description));
      expect(counters.map(({ slot }) => slot)).toEqual([...counters.keys()]);
    }
  });

  it('numbers the counters of a group from 1, with gaps only where the driver has reserved slots', () => {
    for (const group of Object.values(statisticsGroups)) {
      for (const release of releases) {
        const counters = countersInPages(group.object, release).filter(
          ({ group: name }) => name === group.name,
        );
        const indexes = counters.map(({ index }) => index ?? 0);
        const last = indexes.at(-1) ?? 0;
        const holes = Array.from({ length: last }, (_, n) => n + 1).filter((n) => !indexes.includes(n));
        const reserved = Object.entries(driver[group.object])
          .filter(([name]) => isPlaceholder(name))
          .map(([, { x64 = 0 }]) => x64 - firstSlotOf(group.object, group.name));
        expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
        expect(holes).toEqual(
          reserved.filter((index) => index > 0 && index < last).toSorted((a, b) => a - b),
        );
        expect(counters.length > 0).toBe(group.versionMinor <= versionMinorOf[release]);
      }
    }
  });

  it('gives each group the object kind of its counters, and an id that is unique for that kind', () => {
    for (const counter of catalogue) expect(statisticsGroups[counter.group].object).toBe(counter.object);
    for (const object of statisticsObjects) expectDistinct(groupsOf(object).map(({ id }) => id));
  });

  it('describes each counter in one sentence', () => {
    for (const { description } of catalogue) expect(description).toMatch(/^[A-Z0-9][^\n]*[^.]\.$/);
  });

  it('names the counter of operations for each cost, which is directly before it', () => {
    const costs = catalogue.filter(({ kind }) => kind === 'COST');
    expect(costs).toHaveLength(14 + 39);
    for (const cost of costs) {
      const operations = operationsOf(cost);
      expect(operations.kind).toBe('COUNT');
      expect([operations.group, operations.slot]).toEqual([cost.group, cost.slot - 1]);
    }
    expect(() => operationsOf(counterNamed('PARTITION', 'gpaPages'))).toThrow(TypeError);
  });

  it('names an existing counter of the same object if one counter is part of another', () => {
    const parts = catalogue.filter(({ partOf }) => partOf !== undefined);
    expect(parts).toHaveLength(8);
    for (const { object, partOf } of parts)
      expect(counterNamed(object, String(partOf)).simulated).toEqual(['parts', 1]);
  });

  it('has a clock counter for logical processors only', () => {
    expect(statisticsObjects.map((object) => clockOf(object)?.field)).toEqual([
      undefined,
      'globalTime',
      undefined,
      undefined,
    ]);
  });

  it('treats exactly the counters that have a rate as totals', () => {
    expect(new Set(catalogue.filter(isTotal).map(({ kind }) => kind))).toEqual(
      new Set(['COUNT', 'TIME', 'COST']),
    );
  });
});

/** The slot of the group's header among those of the driver. */
function firstSlotOf(object: StatisticsObject, group: string): number {
  const first = countersInPages(object, 2026).find((counter) => counter.group === group);
  return (driver[object][first?.linux ?? '']?.x64 ?? 0) - (first?.index ?? 0);
}

function expectDistinct(values: readonly (string | number)[]): void {
  expect(new Set(values).size).toBe(values.length);
}

function omit<Row extends object>(row: Row, key: string): Partial<Row> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== key)) as Partial<Row>;
}
