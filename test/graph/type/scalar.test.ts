import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../../src/graph/schema.ts';

const schema = createSchema();

describe('a literal that its scalar rejects', () => {
  it.each([
    ['partition(id: "5n") { name }', 17, 'is not a whole number'],
    ['partition(id: 18446744073709551616) { name }', 17, 'the largest that 64 bits hold'],
    ['partition { rates(over: "fast") { __typename } }', 27, 'is not a length of time'],
    ['hypervisor { partitions(filter: { ids: [5, -1] }) { totalCount } }', 46, 'is not a whole number'],
  ])('has its location in the error: %s', (selection, column, message) => {
    const errors = validate(schema, parse(`{ ${selection} }`));
    expect(errors.map(({ locations }) => locations)).toEqual([[{ line: 1, column }]]);
    expect(errors[0]?.message).toContain(message);
  });
});
