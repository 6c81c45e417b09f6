/** The connection of partitions as it is to be: one page of those that a caller may read. */
import { nodeIdOf } from '../../src/graph/node-id.ts';
import type { ObjectName } from '../../src/snapshot/object-name.ts';
import type { PartitionEntry } from '../../src/snapshot/topology.ts';
import { fails, listOf, thing, value, type Meant } from './expected-thing.ts';

/** As the schema says. */
const mostPerPage = 100;

/** What a connection is made of. */
export interface ExpectedConnection {
  /** Ascending. */
  readonly readable: readonly PartitionEntry[];
  readonly ids: ReadonlyMap<string, ObjectName | null>;
  readonly partition: (id: bigint) => Meant;
}

/** The page for these arguments, which may be unfit. */
export function connectionFor(
  { first, after, last, before }: Readonly<Record<string, any>>,
  { readable, ids, partition }: ExpectedConnection,
): Meant {
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
  ];
  if (codes.length > 0) return fails(...codes);
  let start = readable.filter(({ id }) => afterId != null && id <= afterId).length;
  let page = readable.slice(start).filter(({ id }) => beforeId == null || id < beforeId);
  if (first != null) page = page.slice(0, first);
  if (last != null && last < page.length) {
    start += page.length - last;
    page = page.slice(page.length - last);
  }
  return connection({ page, start, total: readable.length }, partition);
}

function connection(
  { page, start, total }: { page: readonly PartitionEntry[]; start: number; total: number },
  partition: (id: bigint) => Meant,
): Meant {
  const cursorOf = (entry: PartitionEntry): string =>
    nodeIdOf({ object: 'PARTITION', partitionId: entry.id });
  const [first, last] = [page.at(0), page.at(-1)];
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
