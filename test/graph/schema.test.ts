import { readFileSync, writeFileSync } from 'node:fs';
import { GraphQLObjectType, isEnumType, isObjectType, lexicographicSortSchema, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { isTotal } from '../../src/catalogue/counter.ts';
import { createSchema } from '../../src/graph/schema.ts';

const file = new URL('../../schema/schema.graphql', import.meta.url);
const schema = createSchema();
const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;

function fieldsOf(typeName: string): string[] {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} is no object type`);
  return Object.keys(type.getFields());
}

describe('the schema', () => {
  it('is the one in schema/schema.graphql; UPDATE_SCHEMA=1 writes it anew', () => {
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, printed);
    expect(readFileSync(file, 'utf8')).toBe(printed);
  });

  it('has the counters of the catalogue in counters, the totals among them in deltas and rates', () => {
    const objects = [
      ['LOGICAL_PROCESSOR', 'LogicalProcessor'],
      ['PARTITION', 'Partition'],
      ['VIRTUAL_PROCESSOR', 'VirtualProcessor'],
    ] as const;
    for (const [object, name] of objects) {
      const all = countersOf(object).map(({ field }) => field);
      const totals = countersOf(object)
        .filter(isTotal)
        .map(({ field }) => field);
      expect(fieldsOf(`${name}Counters`)).toEqual(all);
      expect(fieldsOf(`${name}Deltas`)).toEqual([...totals, 'interval']);
      expect(fieldsOf(`${name}Rates`)).toEqual([...totals, 'interval']);
    }
    expect(fieldsOf('HypervisorCounters')).toEqual(countersOf('HYPERVISOR').map(({ field }) => field));
  });

  it('describes every type, field, argument and value', () => {
    const silent: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__')) continue;
      const isBuiltIn = ['Int', 'Float', 'String', 'Boolean', 'ID'].includes(type.name);
      if (!isBuiltIn && (type.description ?? '') === '' && !isRootType(type.name)) silent.push(type.name);
      if (isEnumType(type)) {
        for (const { name, description } of type.getValues())
          if (!description) silent.push(`${type.name}.${name}`);
      }
      if (!('getFields' in type)) continue;
      for (const field of Object.values(type.getFields())) {
        if ((field.description ?? '') === '') silent.push(`${type.name}.${field.name}`);
        if (!('args' in field)) continue;
        for (const argument of field.args)
          if (!argument.description) silent.push(`${type.name}.${field.name}(${argument.name})`);
      }
    }
    expect(silent).toEqual([]);
  });
});

function isRootType(name: string): boolean {
  return schema.getQueryType()?.name === name && schema.getQueryType() instanceof GraphQLObjectType;
}
