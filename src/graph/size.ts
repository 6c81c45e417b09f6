/** What the schema says of its fields for those who plan and write answers. */
import type { GraphQLField, GraphQLObjectType } from 'graphql';

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
