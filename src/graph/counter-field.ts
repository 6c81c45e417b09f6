/** What the schema says of the fields that stand for counters, for whoever reads them without their resolvers. */
import type { GraphQLField } from 'graphql';
import type { Counter } from '../catalogue/counter.ts';
import type { Order } from '../sampling/look.ts';

/** A counter, and what of it a field gives: a VALUE of a reading, a DELTA or a RATE of a growth. */
export interface CounterField {
  readonly counter: Counter;
  readonly by: Order['by'];
}

/** Extensions of a field that gives nothing but what `counterField` says, and of which the resolver does the same. */
export function counterExtensions(counterField: CounterField): { readonly hvqlCounter: CounterField } {
  return { hvqlCounter: counterField };
}

/** The counter that a field stands for; null where it is another field. */
export function counterFieldOf({ extensions }: GraphQLField<unknown, unknown>): CounterField | null {
  return (extensions as { readonly hvqlCounter?: CounterField }).hvqlCounter ?? null;
}
