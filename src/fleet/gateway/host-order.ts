/** The first objects of the whole fleet: lists that each host has ordered, merged. */
import { orderArgument, type OrderInput, type PartitionOrderInput } from '../../graph/argument/order.ts';
import { isObject } from '../../lib/json.ts';
import type { Order } from '../../sampling/read/snapshot-reader.ts';
import type { HostResult } from './fleet-reader.ts';
import { markHost } from './host-answer.ts';

/** How the objects of a list are ranked. */
export interface Ranking {
  readonly direction: Order['direction'];
  /** The selection whose value ranks an object, beside what the client selects: "hvql_rank: rates { value: totalRunTime }". */
  readonly selection: string;
  readonly rankOf: (item: Readonly<Record<string, unknown>>) => Rank;
}

/** null where the number is not known: such objects come last. */
type Rank = bigint | number | null;

/** The key of a rank in answers; no name of the graph begins so. */
const rankKey = 'hvql_rank';

const viewOf = { VALUE: 'counters', DELTA: 'deltas', RATE: 'rates' } as const;

/** Virtual processors by a counter. Throws INVALID_PARAMETER for an order that there is not. */
export function virtualProcessorRanking(input: OrderInput): Ranking {
  return rankingBy(orderArgument('VIRTUAL_PROCESSOR', input));
}

/** Partitions by a counter of their own, or by their virtual processors together. */
export function partitionRanking({ partition, virtualProcessors }: PartitionOrderInput): Ranking {
  const own = orderArgument('PARTITION', partition);
  if (own !== null) return rankingBy(own);
  const order = orderArgument('VIRTUAL_PROCESSOR', virtualProcessors);
  if (order === null) throw new TypeError('one of the two is there, since the input is @oneOf');
  const { counter, by, direction } = order;
  const isShare = by === 'RATE' && counter.kind === 'TIME';
  return {
    direction,
    selection: `${rankKey}: virtualProcessorTotals { readable ${viewOf[by]} { value: ${counter.field} } }`,
    rankOf: (item) => {
      const totals = item[rankKey];
      if (!isObject(totals)) return null;
      const rank = valueOf(totals[viewOf[by]]);
      // Totals have the percentage of the time of all processors; an order has the sum of their percentages.
      return isShare && typeof rank === 'number' ? rank * Number(totals['readable']) : rank;
    },
  };
}

function rankingBy(order: Order | null): Ranking {
  if (order === null) throw new TypeError('the order is needed');
  const { counter, by, direction } = order;
  return {
    direction,
    selection: `${rankKey}: ${viewOf[by]} { value: ${counter.field} }`,
    rankOf: (item) => valueOf(item[rankKey]),
  };
}

function valueOf(view: unknown): Rank {
  const value = isObject(view) && !(view instanceof Error) ? view['value'] : null;
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : null;
}

/** The first of the lists of all hosts. Equal ones are in the order of their hosts, and of each host's own list. */
export function firstOf(
  results: readonly HostResult[],
  {
    ranking,
    first,
    listOf,
  }: {
    readonly ranking: Ranking;
    readonly first: number;
    readonly listOf: (value: Readonly<Record<string, unknown>>) => unknown;
  },
): readonly object[] {
  const items = results.flatMap((result) => {
    const value = 'value' in result && isObject(result.value) ? listOf(result.value) : [];
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    return list
      .filter((item) => isObject(item) && !(item instanceof Error))
      .map((item) => ({ item: markHost(item as object, result.host), rank: ranking.rankOf(item as never) }));
  });
  const sign = ranking.direction === 'ASC' ? 1 : -1;
  // Sorting is stable, and the hosts are in the order of their names.
  items.sort((a, b) => {
    if (a.rank === null || b.rank === null) return Number(a.rank === null) - Number(b.rank === null);
    return a.rank < b.rank ? -sign : a.rank > b.rank ? sign : 0;
  });
  return items.slice(0, first).map(({ item }) => item);
}
