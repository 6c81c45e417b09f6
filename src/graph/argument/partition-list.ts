/** Lists of partitions: those that the caller may read, filtered, by pages or in an order. */
import type { Granted, GrantedPartition } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Order } from '../../sampling/read/snapshot-reader.ts';
import { listArgument } from './argument.ts';
import { pageOf, sizeArgument, type Page, type PageArguments } from './connection.ts';
import type { View } from '../context.ts';
import { PartitionModel } from '../model.ts';
import { parseNodeId } from '../node-id.ts';
import { orderArgument, type PartitionOrderInput } from './order.ts';

/** Which partitions are wanted: those for which all of this holds. */
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

/** A page of partitions, and how many there are on all pages. */
export interface PartitionPage extends Page<PartitionModel> {
  readonly totalCount: number;
  /** Whether the page may be gone on from: in an order, the next request may find another one. */
  readonly hasCursors: boolean;
}

/**
 * The page asked for of the partitions that the caller may read: what it may not read has no part in the filter, the
 * order or the count. Throws INVALID_PARAMETER or LIMIT_EXCEEDED for arguments that are unfit.
 */
export function partitionPageOf(view: View, list: PartitionListArguments): PartitionPage {
  const { filter, orderBy, ...page } = list;
  if (orderBy != null) return orderedPage(view, { filter, orderBy, page });
  const partitions = filtered(view, filter);
  const { items, ...more } = pageOf(
    {
      items: partitions,
      positionOf: (partition: GrantedPartition) => partition.entry.id,
      parseCursor,
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
  const first = sizeArgument('first', page.first, maxPageSize) ?? maxPageSize;
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

/** What partitions are ordered by, and whose counter that is. */
interface PartitionRanking {
  readonly order: Order;
  readonly objectsOf: (partition: PartitionModel) => Granted | readonly Granted[];
}

function rankingOf(view: View, { virtualProcessors, partition }: PartitionOrderInput): PartitionRanking {
  const ofProcessors = orderArgument('VIRTUAL_PROCESSOR', virtualProcessors);
  if (ofProcessors !== null) {
    return { order: ofProcessors, objectsOf: (model) => processorsOf(view, model.partition) };
  }
  const order = orderArgument('PARTITION', partition);
  if (order !== null) return { order, objectsOf: (model) => model.name };
  throw new TypeError('one of the two is there, since the input is @oneOf');
}

/** None where they could not be listed: the partition's own list says why. */
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
    `${argument} does not go with orderBy, because the order may be another one at the next request: ask for more with first.`,
    { argument },
  );
}

function parseCursor(cursor: string): bigint {
  const name = parseNodeId(cursor);
  if (name.object === 'PARTITION') return name.partitionId;
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${JSON.stringify(cursor)} is not a cursor of a list of partitions.`,
  );
}
