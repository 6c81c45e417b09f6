/** Lists of partitions that the caller may read: filtered, and paged or sorted. */
import type { Granted, GrantedPartition } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Order } from '../../sampling/read/snapshot-reader.ts';
import { listArgument } from './argument.ts';
import { pageOf, sizeArgument, type Page, type PageArguments } from './connection.ts';
import type { View } from '../context.ts';
import { PartitionModel } from '../model.ts';
import { parseNodeId } from '../node-id.ts';
import { orderArgument, type PartitionOrderInput } from './order.ts';

/** Conditions that all must hold. */
export interface PartitionFilterInput {
  readonly ids?: readonly bigint[] | null | undefined;
  readonly nameContains?: string | null | undefined;
  readonly isRoot?: boolean | null | undefined;
}

/** The arguments of such a list. */
export interface PartitionListArguments extends PageArguments {
  readonly filter?: PartitionFilterInput | null | undefined;
  readonly orderBy?: PartitionOrderInput | null | undefined;
}

/** A page of partitions, and the number on all pages. */
export interface PartitionPage extends Page<PartitionModel> {
  readonly totalCount: number;
  /** Whether the page has cursors. A sorted list has none, because its order may differ at the next request. */
  readonly hasCursors: boolean;
}

/**
 * The requested page of the partitions that the caller may read. Other partitions have no influence on the filter, the
 * order or the count. Throws INVALID_PARAMETER or LIMIT_EXCEEDED for invalid arguments.
 */
export function partitionPageOf(view: View, list: PartitionListArguments): PartitionPage {
  const { filter, orderBy, ...page } = list;
  if (orderBy != null) return orderedPage(view, { filter, orderBy, page });
  const partitions = filtered(view, filter);
  const { items, ...more } = pageOf(
    {
      items: partitions,
      positionOf: (partition: GrantedPartition) => partition.entry.id,
      parseCursor: (cursor) => parseCursor(cursor, view.host),
      maxPageSize: view.limits.maxPageSize,
    },
    page,
  );
  const models = items.map((partition) => new PartitionModel(view, partition));
  return { ...more, items: models, totalCount: partitions.length, hasCursors: true };
}

function orderedPage(
  view: View,
  list: {
    filter: PartitionFilterInput | null | undefined;
    orderBy: PartitionOrderInput;
    page: PageArguments;
  },
): PartitionPage {
  const { filter, orderBy, page } = list;
  const { maxPageSize } = view.limits;
  const first = sizeArgument('first', page.first, { most: maxPageSize }) ?? maxPageSize;
  for (const name of ['after', 'before', 'last'] as const) {
    if (page[name] != null) throw withoutPlace(name);
  }
  const { order, objectsOf } = rankingOf(view, orderBy);
  const all = filtered(view, filter).map((partition) => new PartitionModel(view, partition));
  const items = view.reader.first(all, { order, first, objectsOf });
  return {
    items,
    hasPreviousPage: false,
    hasNextPage: items.length < all.length,
    totalCount: all.length,
    hasCursors: false,
  };
}

/** The order of partitions, and the objects whose counter decides it. */
interface PartitionRanking {
  readonly order: Order;
  readonly objectsOf: (partition: PartitionModel) => Granted | readonly Granted[];
}

function rankingOf(view: View, { virtualProcessors, partition }: PartitionOrderInput): PartitionRanking {
  const ofProcessors = orderArgument(view, 'VIRTUAL_PROCESSOR', virtualProcessors);
  if (ofProcessors !== null) {
    return { order: ofProcessors, objectsOf: (model) => processorsOf(view, model.partition) };
  }
  const order = orderArgument(view, 'PARTITION', partition);
  if (order !== null) return { order, objectsOf: (model) => model.name };
  throw new TypeError('one of the two is there, since the input is @oneOf');
}

/** The processors of a partition; none if they cannot be listed: the field virtualProcessors reports why. */
function processorsOf(view: View, partition: GrantedPartition): readonly Granted[] {
  try {
    return view.access.virtualProcessors(partition);
  } catch (thrown) {
    if (thrown instanceof HvqlError) return [];
    throw thrown;
  }
}

function filtered(view: View, filter: PartitionFilterInput | null | undefined): readonly GrantedPartition[] {
  const all = view.access.partitions();
  if (filter == null) return all;
  const { ids, nameContains, isRoot } = filter;
  const wanted = ids == null ? null : new Set(listArgument(view, 'filter.ids', ids));
  return all.filter(
    ({ entry }) =>
      (wanted === null || wanted.has(entry.id)) &&
      (nameContains == null || (entry.name ?? '').includes(nameContains)) &&
      (isRoot == null || (entry.parent === null) === isRoot),
  );
}

function withoutPlace(argument: string): HvqlError {
  return new HvqlError(
    'INVALID_PARAMETER',
    `${argument} cannot be combined with orderBy, because the order may differ at the next request: request more with first.`,
    { argument },
  );
}

function parseCursor(cursor: string, host: string): bigint {
  const { name, host: hostOfCursor } = parseNodeId(cursor);
  if (name.object === 'PARTITION' && hostOfCursor === host) return name.partitionId;
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${JSON.stringify(cursor)} is not a cursor of a list of this host's partitions.`,
  );
}
