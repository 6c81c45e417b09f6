import { readFileSync, writeFileSync } from 'node:fs';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import {
  buildSchema,
  getDirectiveValues,
  GraphQLObjectType,
  GraphQLSchema,
  isEnumType,
  isObjectType,
  lexicographicSortSchema,
  validateSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { isTotal, type Counter } from '../../src/catalogue/counter.ts';
import { createSchema } from '../../src/graph/schema.ts';

const file = new URL('../../schema/schema.graphql', import.meta.url);
const schema = createSchema();
const printed = `${printSchemaWithDirectives(lexicographicSortSchema(schema))}\n`;

const objects = [
  ['LOGICAL_PROCESSOR', 'LogicalProcessor'],
  ['PARTITION', 'Partition'],
  ['VIRTUAL_PROCESSOR', 'VirtualProcessor'],
] as const;

function fieldsOf(typeName: string): string[] {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} is no object type`);
  return Object.keys(type.getFields());
}

describe('the schema', () => {
  it('equals schema/schema.graphql; UPDATE_SCHEMA=1 updates the file', () => {
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, printed);
    expect(readFileSync(file, 'utf8')).toBe(printed);
  });

  it('is valid, which graphql-js does not check at run time', () => {
    expect(validateSchema(new GraphQLSchema({ ...schema.toConfig(), assumeValid: false }))).toEqual([]);
    expect(schema.toConfig().assumeValid).toBe(true);
  });

  it('has the counters of the catalogue in counters, and totals also in deltas and rates', () => {
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

  it('states the kind and units of each counter field in the SDL', () => {
    const read = buildSchema(readFileSync(file, 'utf8'));
    const directive = read.getDirective('counter');
    if (directive == null) throw new Error('there is no @counter');
    const said = (typeName: string): object => {
      const type = read.getType(typeName);
      if (!isObjectType(type)) throw new Error(`${typeName} is no object type`);
      const fields = Object.values(type.getFields()).filter(({ name }) => name !== 'interval');
      return Object.fromEntries(
        fields.map(({ name, astNode }) => [name, astNode && { ...getDirectiveValues(directive, astNode) }]),
      );
    };
    const rows = (counters: readonly Counter[]): object =>
      Object.fromEntries(
        counters.map(({ field, kind, unit, rateUnit }) => [
          field,
          { kind, unit, ...(rateUnit === null ? {} : { rateUnit }) },
        ]),
      );
    expect(said('HypervisorCounters')).toEqual(rows(countersOf('HYPERVISOR')));
    for (const [object, name] of objects) {
      expect(said(`${name}Counters`)).toEqual(rows(countersOf(object)));
      expect(said(`${name}Deltas`)).toEqual(rows(countersOf(object).filter(isTotal)));
      expect(said(`${name}Rates`)).toEqual(rows(countersOf(object).filter(isTotal)));
    }
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
