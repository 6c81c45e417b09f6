/** What the schema tells the planner and the writer about its types and fields, beside their resolvers. */
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

/** Extensions of an object type all of whose fields stand in a reading that is there already. */
export const content = { hvqlContent: true } as const;

/** Extensions of a field that holds a whole overlay page: it counts as the values that a page has room for. */
export const wholePage = { hvqlValues: 512 } as const;

/** How many numbers a list of what is unlisted may have. */
export const mostUnlisted = 512;

/** Extensions of a field that lists what is unlisted: it counts as the most that it may hold. */
export const allUnlisted = { hvqlValues: mostUnlisted } as const;

/** Extensions of a field that gives the moment of the look, and nothing else. */
export const moment = { hvqlMoment: true } as const;

/** Whether a field gives the moment of the look. */
export function isMoment({ extensions }: GraphQLField<unknown, unknown>): boolean {
  return 'hvqlMoment' in extensions;
}

/** Whether nothing more is read for the type's fields. So it is with all that introspection shows, too. */
export function isContent({ extensions, name }: GraphQLObjectType): boolean {
  return 'hvqlContent' in extensions || name.startsWith('__');
}

/** How many values of an answer a field is by itself: one for a leaf. */
export function valuesOf({ extensions }: GraphQLField<unknown, unknown>, isLeaf: boolean): number {
  const values = (extensions as Partial<typeof wholePage>).hvqlValues;
  return values ?? (isLeaf ? 1 : 0);
}

/** A counter, and what of it a field gives: a VALUE of a reading, a DELTA or a RATE of a growth. */
export interface CounterField {
  readonly counter: Counter;
  readonly by: Order['by'];
}

/**
 * Extensions of a field that gives nothing but what `counterField` says, and of which the resolver does the same.
 * `directives` is where printers of schemas look for applied directives (@graphql-tools/utils).
 */
export function counterExtensions(counterField: CounterField) {
  const { kind, unit, rateUnit } = counterField.counter;
  const args = { kind, unit, ...(rateUnit === null ? {} : { rateUnit }) };
  return { hvqlCounter: counterField, directives: { [counterDirectiveName]: args } };
}

/** The counter that a field stands for; null where it is another field. */
export function counterFieldOf({ extensions }: GraphQLField<unknown, unknown>): CounterField | null {
  return (extensions as { readonly hvqlCounter?: CounterField }).hvqlCounter ?? null;
}

const counterDirectiveName = 'counter';

/** The schema with the directive that its counter fields carry. Throws a TypeError where it has no CounterKind. */
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
  return new GraphQLSchema({ ...config, directives: [...config.directives, directive] });
}
