import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../src/errors.ts';
import { objectKey } from '../../src/snapshot/object-name.ts';
import { takeSnapshot, namesOf } from '../../src/source/host-snapshot.ts';
import type { Source } from '../../src/source/source.ts';
import { fixture } from './scratch.ts';

type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;
interface Expected<V> {
  readonly partitions: readonly { id: string; parent: string | null; name: string; vps: number }[];
  readonly values: V;
}

/** A file beside a fixture that says what must be read from it. */
export function expectedOf<V = Values>(name: string): Expected<V> {
  return JSON.parse(readFileSync(fixture(`${name}.expected.json`), 'utf8')) as Expected<V>;
}

/** Expects a source to have these partitions and exactly these values. */
export async function expectValues(source: Source, expected: Expected<Values>): Promise<void> {
  const signal = new AbortController().signal;
  const { topology } = await takeSnapshot(source, signal);
  expect(
    topology.partitions.map(({ id, parent, name, virtualProcessors }) => ({
      id: String(id),
      parent: parent === null ? null : String(parent),
      name,
      vps: virtualProcessors.length,
    })),
  ).toEqual(expected.partitions);

  const names = namesOf(topology);
  const { outcomes } = await source.read(names, signal);
  const found: Record<string, Record<string, string>> = {};
  names.forEach((name, n) => {
    const outcome = outcomes[n];
    if (outcome === undefined || outcome instanceof HvqlError) throw outcome ?? new Error('no outcome');
    found[objectKey(name) || 'hypervisor'] = Object.fromEntries(
      countersOf(name.object).flatMap((counter) => {
        const value = outcome.value(counter);
        return value === undefined ? [] : [[counter.field, String(value)]];
      }),
    );
  });
  expect(found).toEqual(expected.values);
}
