/** Compares the schema with its last release, which clients rely on. */
import { readFileSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';

/** Intended breaking changes since the last release, by path, with their reason. The next release empties the list. */
const broken: Readonly<Record<string, string>> = {
  'Hypervisor.logicalProcessors': 'items may be null, so that an unknown index costs nothing but itself',
  'Hypervisor.partitions': 'may be null, so that a bad argument costs nothing but the list',
  'Partition.virtualProcessors': 'items may be null, so that an unknown index costs nothing but itself',
};

const released = read(new URL('released.graphql', import.meta.url));
const present = read(new URL('../../schema/schema.graphql', import.meta.url));

function read(file: URL): string {
  return readFileSync(file, 'utf8');
}

/** The paths of all changes that may break an operation. */
async function breakingChanges(from: string, to: string): Promise<string[]> {
  const changes = await diff(buildSchema(from), buildSchema(to));
  return changes
    .filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
    .map(({ path, type }) => path ?? type)
    .sort();
}

describe('the schema', () => {
  it('has no breaking changes except intended ones', async () => {
    expect(await breakingChanges(released, present)).toEqual(Object.keys(broken).sort());
  });

  it('is released with every version', () => {
    const { version } = JSON.parse(read(new URL('../../package.json', import.meta.url)));
    expect(released).toContain(`# The schema as it was released in version ${version}:`);
  });
});

describe('a breaking change', () => {
  it.each([
    ['a removed field', /(?<=^ +)name: String$/m, 'title: String', 'Partition.name'],
    ['a field that became nullable', /(?<=^ +isRoot: Boolean)!/m, '', 'Partition.isRoot'],
    ['a removed enum value', /(?<=^ +)HYPERCALLS$/m, 'ALL_HYPERCALLS', 'VirtualProcessorCounter.HYPERCALLS'],
    ['a new required argument', /(?<=^ +over: Duration)$/m, '!', 'LogicalProcessor.deltas.over'],
  ])('is detected: %s', async (_, there, instead, path) => {
    const changed = present.replace(there, instead);
    expect(await breakingChanges(present, changed)).toEqual([path]);
  });

  it('is not an addition to the schema', async () => {
    const more = present.replace(/^type Service \{$/m, 'type Service {\n  motto: String');
    expect(await diff(buildSchema(present), buildSchema(more))).toHaveLength(1);
    expect(await breakingChanges(present, more)).toEqual([]);
  });
});
