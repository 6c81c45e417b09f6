/** Orders items by one counter of their objects. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { SnapshotReader, Order, Ranking } from './snapshot-reader.ts';
import { ChangeTotal, readableOf, ReadingTotal } from '../change/total.ts';

type Rank = bigint | number | null;

/** The first items in an order. Unknown values come last, and equal ones keep their order. */
export function firstOf<Item>(
  reader: SnapshotReader,
  asked: Ranking<Item> & { readonly items: readonly Item[] },
): readonly Item[] {
  const { items, order, first, objectsOf } = asked;
  const ranked = items.map((item) => {
    const objects = objectsOf(item);
    const rank =
      'object' in objects
        ? rankOf(reader, { object: objects, order })
        : rankOfTotal(reader, { members: objects, order });
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

/** The number that an object is ranked by; null if it is unknown. */
function rankOf(reader: SnapshotReader, { object, order }: { object: Granted; order: Order }): Rank {
  const { counter, by } = order;
  if (by === 'VALUE') {
    const reading = reader.reading(object);
    return reading instanceof HvqlError ? null : (reading?.value(counter) ?? null);
  }
  const change = reader.change(object, order.over);
  if (change === null || change instanceof HvqlError) return null;
  return by === 'RATE' ? change.rate(counter) : change.delta(counter);
}

/**
 * The total of the members that can be read. Rates of time are the sum of the members' shares, not their mean, so
 * that four busy processors come before one.
 */
function rankOfTotal(
  reader: SnapshotReader,
  { members, order }: { members: readonly Granted[]; order: Order },
): Rank {
  const { counter, by, over } = order;
  if (by === 'VALUE') {
    const readings = readableOf(members.map((member) => reader.reading(member)));
    return readings.length === 0 ? null : new ReadingTotal(readings).sum(counter);
  }
  const [first, ...rest] = readableOf(members.map((member) => reader.change(member, over)));
  if (first === undefined) return null;
  const change = new ChangeTotal([first, ...rest]);
  if (by === 'DELTA') return change.sum(counter);
  return counter.kind === 'TIME' ? change.sumOfShares(counter) : change.rate(counter);
}

function unknownLast(a: Rank, b: Rank): number {
  return Number(a === null) - Number(b === null);
}

function compare(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
