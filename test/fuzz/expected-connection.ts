/** The expected connection of partitions: one page of those that a caller may read, or the first in an order. */
import { nodeIdOf } from '../../src/graph/node-id.ts';
import type { ObjectName } from '../../src/snapshot/object-name.ts';
import type { PartitionEntry } from '../../src/snapshot/topology.ts';
import { fails, listOf, thing, value, type Meant } from './expected-thing.ts';
import { testHost } from '../ask.ts';

/** As the schema says. */
const mostPerPage = 100;

/** The items of a connection. */
export interface ExpectedConnection {
  /** Ascending. */
  readonly readable: readonly PartitionEntry[];
  readonly ids: ReadonlyMap<string, ObjectName | null>;
  readonly partition: (id: bigint) => Meant;
  /** The partitions in an order; null where there is no such order. */
  readonly ordered: (
    entries: readonly PartitionEntry[],
    orderBy: Readonly<Record<string, any>>,
  ) => readonly PartitionEntry[] | null;
}

/** The page for these arguments, which may be invalid. */
export function connectionFor(
  { first, after, last, before, filter, orderBy }: Readonly<Record<string, any>>,
  { readable: all, ids, partition, ordered }: ExpectedConnection,
): Meant {
  const readable = all.filter(
    ({ id, name, parent }) =>
      (filter?.ids == null || filter.ids.includes(id)) &&
      (filter?.nameContains == null || (name ?? '').includes(filter.nameContains)) &&
      (filter?.isRoot == null || filter.isRoot === (parent === null)),
  );
  const inOrder = orderBy == null ? null : ordered(readable, orderBy);
  const idOf = (cursor: string | null | undefined): bigint | null | undefined => {
    const name = cursor == null ? undefined : ids.get(cursor);
    return cursor == null ? null : name?.object === 'PARTITION' ? name.partitionId : undefined;
  };
  const [afterId, beforeId] = [idOf(after), idOf(before)];
  const sizes = [first, last].filter((size) => size != null) as number[];
  const codes = [
    ...(sizes.some((size) => size < 0) || afterId === undefined || beforeId === undefined
      ? ['INVALID_PARAMETER']
      : []),
    ...(sizes.some((size) => size > mostPerPage) ? ['LIMIT_EXCEEDED'] : []),
    ...(orderBy != null && (inOrder === null || after != null || last != null || before != null)
      ? ['INVALID_PARAMETER']
      : []),
  ];
  if (codes.length > 0) return fails(...codes);
  if (inOrder !== null) {
    const page = inOrder.slice(0, first ?? mostPerPage);
    return connection({ page, start: 0, total: readable.length, hasCursors: false }, partition);
  }
  let start = readable.filter(({ id }) => afterId != null && id <= afterId).length;
  let page = readable.slice(start).filter(({ id }) => beforeId == null || id < beforeId);
  if (first != null) page = page.slice(0, first);
  if (last != null && last < page.length) {
    start += page.length - last;
    page = page.slice(page.length - last);
  }
  return connection({ page, start, total: readable.length, hasCursors: true }, partition);
}

function connection(
  {
    page,
    start,
    total,
    hasCursors,
  }: { page: readonly PartitionEntry[]; start: number; total: number; hasCursors: boolean },
  partition: (id: bigint) => Meant,
): Meant {
  const cursorOf = (entry: PartitionEntry): string =>
    nodeIdOf({ object: 'PARTITION', partitionId: entry.id }, testHost);
  // The order may be another one at the next request: there is no place in it to go on from.
  const [first, last] = hasCursors ? [page.at(0), page.at(-1)] : [];
  const info = {
    hasPreviousPage: () => value(start > 0),
    hasNextPage: () => value(start + page.length < total),
    startCursor: () => value(first === undefined ? null : cursorOf(first)),
    endCursor: () => value(last === undefined ? null : cursorOf(last)),
  };
  return thing('PartitionConnection', {
    nodes: () => listOf(page.map(({ id }) => partition(id))),
    edges: () =>
      listOf(
        page.map((entry) =>
          thing('PartitionEdge', { cursor: () => value(cursorOf(entry)), node: () => partition(entry.id) }),
        ),
      ),
    pageInfo: () => thing('PageInfo', info),
    totalCount: () => value(total),
  });
}
