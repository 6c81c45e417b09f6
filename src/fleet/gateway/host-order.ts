/** The first objects of the whole fleet in a sort order: merges the sorted lists of all hosts. */
import { counterOrder, type OrderInput, type PartitionOrderInput } from '../../graph/argument/order.ts';
import { isObject } from '../../lib/json.ts';
import type { Order } from '../../sampling/read/snapshot-reader.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import type { HostResult } from './fleet-reader.ts';
import { markHost } from './host-answer.ts';

/** How the objects of a list are ranked. */
export interface Ranking {
  readonly direction: Order['direction'];
  /** The selection of the rank, in addition to the client's selection: "hvql_rank: rates { value: totalRunTime }". */
  readonly selection: string;
  readonly rankOf: (item: Readonly<Record<string, unknown>>) => Rank;
}

/** null if the number is unknown: such objects come last. */
type Rank = bigint | number | null;

/** The response key of a rank; no name in the graph has this prefix. */
const rankKey = 'hvql_rank';

const viewOf = { VALUE: 'counters', DELTA: 'deltas', RATE: 'rates' } as const;

/** Virtual processors by a counter. Throws INVALID_PARAMETER for an invalid order. */
export function virtualProcessorRanking(input: OrderInput): Ranking {
  return rankingBy(counterOrder('VIRTUAL_PROCESSOR', input), input);
}

/** Partitions by a counter of their own, or by the totals of their virtual processors. */
export function partitionRanking({ partition, virtualProcessors }: PartitionOrderInput): Ranking {
  const own = counterOrder('PARTITION', partition);
  if (own !== null) return rankingBy(own, partition);
  const order = counterOrder('VIRTUAL_PROCESSOR', virtualProcessors);
  if (order === null) throw new TypeError('one of the two is there, since the input is @oneOf');
  const { counter, by, direction } = order;
  const isShare = by === 'RATE' && counter.kind === 'TIME';
  return {
    direction,
    selection: `${rankKey}: virtualProcessorTotals { readable ${viewField(by, virtualProcessors)} { value: ${counter.field} } }`,
    rankOf: (item) => {
      const totals = item[rankKey];
      if (!isObject(totals)) return null;
      const rank = valueOf(totals[viewOf[by]]);
      // Totals have the percentage of the time of all processors; sorting uses the sum of their percentages.
      return isShare && typeof rank === 'number' ? rank * Number(totals['readable']) : rank;
    },
  };
}

function rankingBy(order: Omit<Order, 'over'> | null, input: OrderInput | null | undefined): Ranking {
  if (order === null) throw new TypeError('the order is needed');
  const { counter, by, direction } = order;
  return {
    direction,
    selection: `${rankKey}: ${viewField(by, input)} { value: ${counter.field} }`,
    rankOf: (item) => valueOf(item[rankKey]),
  };
}

/** The field with the number, over the order's interval. */
function viewField(by: Order['by'], input: OrderInput | null | undefined): string {
  const over = by === 'VALUE' ? null : input?.over;
  return over == null ? viewOf[by] : `${viewOf[by]}(over: "${formatDuration(over)}")`;
}

function valueOf(view: unknown): Rank {
  const value = isObject(view) && !(view instanceof Error) ? view['value'] : null;
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : null;
}

/** The first objects of all lists. Equal objects are in the order of their hosts, and of each host's own list. */
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
