import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getNamedType, isAbstractType, isObjectType, isScalarType, isSpecifiedScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graph/schema.ts';

const folder = new URL('../../schema/clients/', import.meta.url);
const schema = createSchema();
const types = Object.values(schema.getTypeMap())
  .filter(({ name }) => !name.startsWith('__'))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
const roots = [schema.getQueryType(), schema.getSubscriptionType()];
const objects = types.filter(isObjectType).filter((type) => !roots.includes(type));
const hasId = (type: (typeof objects)[number]): boolean => {
  const { id } = type.getFields();
  return id !== undefined && getNamedType(id.type).name === 'ID';
};

/** The configurations of client libraries, by file name. */
const files = {
  // Objects at the same field with the same arguments are the same object, with or without an id.
  'apollo.json': {
    possibleTypes: Object.fromEntries(
      types
        .filter(isAbstractType)
        .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
    ),
    typePolicies: Object.fromEntries(objects.map(({ name }) => [name, { merge: true }])),
  },
  'graphcache.json': { typesWithoutKey: objects.filter((type) => !hasId(type)).map(({ name }) => name) },
  // The TypeScript type of the JSON values, in arguments and results.
  'scalars.json': Object.fromEntries(
    types
      .filter(isScalarType)
      .filter((type) => !isSpecifiedScalarType(type))
      .map(({ name }) => [name, 'string']),
  ),
};

describe('schema/clients', () => {
  it.each(Object.entries(files))(
    'contains %s as the schema has it; UPDATE_SCHEMA=1 updates the file',
    (name, content) => {
      const file = new URL(name, folder);
      const printed = `${JSON.stringify(content, null, 2)}\n`;
      if (process.env['UPDATE_SCHEMA'] === '1') {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, printed);
      }
      expect(readFileSync(file, 'utf8')).toBe(printed);
    },
  );

  it('maps every scalar to a string, its JSON form', () => {
    const values: Record<string, unknown> = {
      UInt64: 2n ** 64n - 1n,
      Duration: 1_000,
      DateTime: new Date(0),
    };
    const written = types
      .filter(isScalarType)
      .filter((type) => !isSpecifiedScalarType(type))
      .map((type) => [type.name, typeof type.serialize(values[type.name])]);
    expect(Object.fromEntries(written)).toEqual(files['scalars.json']);
  });
});
