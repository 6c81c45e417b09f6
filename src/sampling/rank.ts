/** Puts objects in the order of one of their counters. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Look, Order, Ranking } from './look.ts';

type Rank = bigint | number | null;

/** The first objects in an order, as the look finds them: unknown ones last, equal ones as they came. */
export function firstOf<Name extends Granted>(
  look: Look,
  asked: Ranking & { readonly objects: readonly Name[] },
): readonly Name[] {
  const { objects, order, first } = asked;
  const ranked = objects.map((object) => ({ object, rank: rankOf(look, { object, order }) }));
  const sign = order.direction === 'ASC' ? 1 : -1;
  return ranked
    .sort((a, b) =>
      a.rank === null || b.rank === null ? unknownLast(a.rank, b.rank) : sign * compare(a.rank, b.rank),
    )
    .slice(0, first ?? undefined)
    .map(({ object }) => object);
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

function unknownLast(a: Rank, b: Rank): number {
  return Number(a === null) - Number(b === null);
}

function compare(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
