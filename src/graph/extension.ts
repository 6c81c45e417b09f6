/** Facts about types and fields of the schema for the planner and the writer, in addition to the resolvers. */
import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLNonNull,
  GraphQLSchema,
  GraphQLString,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import type { Counter } from '../catalogue/counter.ts';
import type { Order } from '../sampling/read/snapshot-reader.ts';

/** Extensions of an object type whose fields need no further reading. */
export const content = { hvqlContent: true } as const;

/** Extensions of a field that returns a whole overlay page: it counts as the number of values that fit in a page. */
export const wholePage = { hvqlValues: 512 } as const;

/** The maximum length of `unlisted`. */
export const mostUnlisted = 512;

/** Extensions of `unlisted`: it counts as its maximum length. */
export const allUnlisted = { hvqlValues: mostUnlisted } as const;

/** Extensions of a field whose value is the time of the snapshot. */
export const moment = { hvqlMoment: true } as const;

/** Whether the value of a field is the time of the snapshot. */
export function isMoment({ extensions }: GraphQLField<unknown, unknown>): boolean {
  return 'hvqlMoment' in extensions;
}

/** Whether the fields of a type need no further reading. This includes the introspection types. */
export function isContent({ extensions, name }: GraphQLObjectType): boolean {
  return 'hvqlContent' in extensions || name.startsWith('__');
}

/** The number of values that a field itself adds to a response: one for a leaf. */
export function valuesOf({ extensions }: GraphQLField<unknown, unknown>, isLeaf: boolean): number {
  const values = (extensions as Partial<typeof wholePage>).hvqlValues;
  return values ?? (isLeaf ? 1 : 0);
}

/** A counter and the view of it that a field shows: VALUE, DELTA or RATE. */
export interface CounterField {
  readonly counter: Counter;
  readonly by: Order['by'];
}

/**
 * Extensions of a field whose value is fully described by `counterField`, so that the writer need not call its resolver.
 * Schema printers read applied directives from `directives` (@graphql-tools/utils).
 */
export function counterExtensions(counterField: CounterField) {
  const { kind, unit, rateUnit } = counterField.counter;
  const args = { kind, unit, ...(rateUnit === null ? {} : { rateUnit }) };
  return { hvqlCounter: counterField, directives: { [counterDirectiveName]: args } };
}

/** The counter of a field; null if it is not a counter field. */
export function counterFieldOf({ extensions }: GraphQLField<unknown, unknown>): CounterField | null {
  return (extensions as { readonly hvqlCounter?: CounterField }).hvqlCounter ?? null;
}

const counterDirectiveName = 'counter';

/**
 * The schema with the directive of its counter fields. Throws a TypeError if it has no CounterKind. A test checks that it is
 * valid: for the first operation of each process, checking 600 fields would take several milliseconds.
 */
export function withCounterDirective(schema: GraphQLSchema): GraphQLSchema {
  const kind = schema.getType('CounterKind');
  if (kind === undefined || !('getValues' in kind)) throw new TypeError('there is no enum CounterKind');
  const directive = new GraphQLDirective({
    name: counterDirectiveName,
    description: 'The kind and the units of the counter that a field shows, as in its CounterDefinition.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
    args: {
      kind: { type: new GraphQLNonNull(kind), description: 'What kind of number the counter is.' },
      unit: {
        type: new GraphQLNonNull(GraphQLString),
        description: 'The unit of the value and of the delta.',
      },
      rateUnit: {
        type: GraphQLString,
        description: 'The unit of the rate; absent if the counter has no rate.',
      },
    },
  });
  const config = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    directives: [...config.directives, directive],
    assumeValid: true,
  });
}
