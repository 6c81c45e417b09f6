import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue, clockOf, counterNamed, countersOf, operationsOf } from '../../src/catalogue/catalogue.ts';
import { isTotal } from '../../src/catalogue/counter.ts';
import { groupsOf, statisticsGroups, statisticsObjects } from '../../src/catalogue/group.ts';

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
}
interface Reference {
  groups: Record<string, { id: number; version: string; object: string; origin: string; access: string }>;
  counters: ReferenceRow[];
}
const reference = JSON.parse(
  readFileSync(new URL('../fixtures/counters.json', import.meta.url), 'utf8'),
) as Reference;

describe('the catalogue', () => {
  it('has the 96 counters of the reference, the same in every column', () => {
    const rows = catalogue.map((counter) => ({
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
    }));
    expect(rows).toHaveLength(96);
    expect(rows).toEqual(reference.counters.map((row) => omit(row, 'onArm64')));
  });

  it('has the six groups of the reference', () => {
    const groups = Object.fromEntries(
      Object.values(statisticsGroups).map((group) => [
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

  it('gives a place in a page, a field and a name elsewhere to one counter only', () => {
    for (const object of statisticsObjects) {
      const counters = countersOf(object);
      expectDistinct(counters.map(({ group, index }) => `${group} ${index}`));
      expectDistinct(counters.map(({ field }) => field));
      expectDistinct(counters.map(({ linux }) => linux));
      expectDistinct(counters.flatMap(({ windows }) => windows));
      expectDistinct(counters.map(({ description }) => description));
      expect(counters.map(({ slot }) => slot)).toEqual([...counters.keys()]);
    }
  });

  it('numbers the counters of a group from 1 without holes', () => {
    for (const group of Object.values(statisticsGroups)) {
      const indexes = catalogue.filter((counter) => counter.group === group.name).map(({ index }) => index);
      expect(indexes).toEqual(indexes.map((_, n) => n + 1));
      expect(indexes.length).toBeGreaterThan(0);
    }
  });

  it('keeps a group with the object that it tells about, under an id of its own there', () => {
    for (const counter of catalogue) expect(statisticsGroups[counter.group].object).toBe(counter.object);
    for (const object of statisticsObjects) expectDistinct(groupsOf(object).map(({ id }) => id));
  });

  it('describes each counter in one sentence', () => {
    for (const { description } of catalogue) expect(description).toMatch(/^[A-Z0-9][^\n]*[^.]\.$/);
  });

  it('names for each cost the counter of its operations, which stands right before it', () => {
    const costs = catalogue.filter(({ kind }) => kind === 'COST');
    expect(costs).toHaveLength(14);
    for (const cost of costs) {
      const operations = operationsOf(cost);
      expect(operations.kind).toBe('COUNT');
      expect([operations.group, operations.index]).toEqual([cost.group, cost.index - 1]);
    }
    expect(() => operationsOf(counterNamed('PARTITION', 'gpaPages'))).toThrow(TypeError);
  });

  it('names counters of the same object where one is part of another', () => {
    const parts = catalogue.filter(({ partOf }) => partOf !== undefined);
    expect(parts).toHaveLength(8);
    for (const { object, partOf } of parts)
      expect(counterNamed(object, String(partOf)).simulated).toEqual(['parts', 1]);
  });

  it('has a clock for logical processors and none for others', () => {
    expect(statisticsObjects.map((object) => clockOf(object)?.field)).toEqual([
      undefined,
      'globalTime',
      undefined,
      undefined,
    ]);
  });

  it('counts as totals what has a rate', () => {
    expect(new Set(catalogue.filter(isTotal).map(({ kind }) => kind))).toEqual(
      new Set(['COUNT', 'TIME', 'COST']),
    );
  });
});

function expectDistinct(values: readonly (string | number)[]): void {
  expect(new Set(values).size).toBe(values.length);
}

function omit<Row extends object>(row: Row, key: string): Partial<Row> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== key)) as Partial<Row>;
}
