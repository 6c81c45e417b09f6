/** Puts objects in the order of one of their counters. */
import { HvqlError } from '../errors.ts';
import type { Growth } from './growth.ts';
import type { Reading } from '../snapshot/reading.ts';
import type { Order, Outcome } from './look.ts';

/** An object and the number that it is ranked by; null where the number is unknown. */
interface Ranked<Item> {
  readonly item: Item;
  readonly number: bigint | number | null;
}

/** The items in the order of their numbers, unknown ones last, equal ones as they came. */
export function rank<Item>(items: readonly Ranked<Item>[], direction: Order['direction']): Item[] {
  const sign = direction === 'ASC' ? 1 : -1;
  return items
    .toSorted((a, b) => {
      if (a.number === null || b.number === null)
        return Number(a.number === null) - Number(b.number === null);
      return a.number < b.number ? -sign : a.number > b.number ? sign : 0;
    })
    .map(({ item }) => item);
}

/** The number that an object is ranked by where its value counts. */
export function valueFor(order: Order, reading: Outcome<Reading>): bigint | null {
  return reading === null || reading instanceof HvqlError ? null : (reading.value(order.counter) ?? null);
}

/** The number that an object is ranked by where its growth counts. */
export function growthFor(order: Order, growth: Outcome<Growth>): bigint | number | null {
  if (growth === null || growth instanceof HvqlError) return null;
  return order.by === 'RATE' ? growth.rate(order.counter) : growth.delta(order.counter);
}
