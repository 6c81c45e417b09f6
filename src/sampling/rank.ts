/** Puts items in the order of one counter of their objects. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Look, Order, Ranking } from './look.ts';
import { GrowthTotal, readableOf, ReadingTotal } from './total.ts';

type Rank = bigint | number | null;

/** The first items in an order, as the look finds them: unknown ones last, equal ones as they came. */
export function firstOf<Item>(
  look: Look,
  asked: Ranking<Item> & { readonly items: readonly Item[] },
): readonly Item[] {
  const { items, order, first, objectsOf } = asked;
  const ranked = items.map((item) => {
    const objects = objectsOf(item);
    const rank =
      'object' in objects
        ? rankOf(look, { object: objects, order })
        : rankOfTotal(look, { members: objects, order });
    return { item, rank };
  });
  const sign = order.direction === 'ASC' ? 1 : -1;
  return ranked
    .sort((a, b) =>
      a.rank === null || b.rank === null ? unknownLast(a.rank, b.rank) : sign * compare(a.rank, b.rank),
    )
    .slice(0, first ?? undefined)
    .map(({ item }) => item);
}

/** The number that an object is ranked by; null where it is not known. */
function rankOf(look: Look, { object, order }: { object: Granted; order: Order }): Rank {
  const { counter, by } = order;
  if (by === 'VALUE') {
    const reading = look.reading(object);
    return reading instanceof HvqlError ? null : (reading?.value(counter) ?? null);
  }
  const growth = look.growth(object, look.defaultOver);
  if (growth === null || growth instanceof HvqlError) return null;
  return by === 'RATE' ? growth.rate(counter) : growth.delta(counter);
}

/**
 * The number of those members together that can be read. A rate of time is the sum of the members' shares, not their
 * mean: four busy processors come before one.
 */
function rankOfTotal(look: Look, { members, order }: { members: readonly Granted[]; order: Order }): Rank {
  const { counter, by } = order;
  if (by === 'VALUE') {
    const readings = readableOf(members.map((member) => look.reading(member)));
    return readings.length === 0 ? null : new ReadingTotal(readings).sum(counter);
  }
  const [first, ...rest] = readableOf(members.map((member) => look.growth(member, look.defaultOver)));
  if (first === undefined) return null;
  const growth = new GrowthTotal([first, ...rest]);
  if (by === 'DELTA') return growth.sum(counter);
  return counter.kind === 'TIME' ? growth.sumOfShares(counter) : growth.rate(counter);
}

function unknownLast(a: Rank, b: Rank): number {
  return Number(a === null) - Number(b === null);
}

function compare(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
