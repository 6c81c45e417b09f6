/** The connection of partitions: pages of those that the caller may read. */
import type { GrantedPartition } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Builder, Refs } from './builder.ts';
import { pageOf, type Page, type PageArguments } from './connection.ts';
import type { View } from './context.ts';
import { PartitionModel } from './model.ts';
import { nodeIdOf, parseNodeId } from './node-id.ts';

/** A page of partitions, and how many there are on all pages. */
export interface PartitionPage extends Page<PartitionModel> {
  readonly totalCount: number;
}

/** The page asked for of the partitions that the caller may read. */
export function partitionPageOf(view: View, page: PageArguments): PartitionPage {
  const partitions = view.access.partitions();
  const list = {
    items: partitions,
    positionOf: (partition: GrantedPartition) => partition.entry.id,
    parseCursor,
    maxPageSize: view.limits.maxPageSize,
  };
  const { items, ...more } = pageOf(list, page);
  const models = items.map((partition) => new PartitionModel(view, partition));
  return { ...more, items: models, totalCount: partitions.length };
}

export function definePartitionConnection(builder: Builder, refs: Refs) {
  const edge = builder.objectRef<PartitionModel>('PartitionEdge').implement({
    description: 'A partition in a list, and where in the list it stands.',
    fields: (t) => ({
      cursor: t.string({
        nullable: false,
        description: 'Its place in the list, for after and before.',
        resolve: ({ name }) => nodeIdOf(name),
      }),
      node: t.field({
        type: refs.partition,
        nullable: false,
        description: 'The partition.',
        resolve: (partition) => partition,
      }),
    }),
  });
  const pageInfo = builder.objectRef<PartitionPage>('PageInfo').implement({
    description: 'Where a page of a list stands in the whole list.',
    fields: (t) => ({
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        nullable: false,
        description: 'There are items before it.',
      }),
      hasNextPage: t.exposeBoolean('hasNextPage', {
        nullable: false,
        description: 'There are items after it.',
      }),
      startCursor: t.string({
        nullable: true,
        description: 'The cursor of its first item; null on an empty page.',
        resolve: ({ items }) => cursorOf(items.at(0)),
      }),
      endCursor: t.string({
        nullable: true,
        description: 'The cursor of its last item; null on an empty page.',
        resolve: ({ items }) => cursorOf(items.at(-1)),
      }),
    }),
  });
  return builder.objectRef<PartitionPage>('PartitionConnection').implement({
    description: 'A page of partitions.',
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        nullable: false,
        description: 'The partitions with their cursors.',
        resolve: ({ items }) => items,
      }),
      nodes: t.field({
        type: [refs.partition],
        nullable: false,
        description: 'The partitions.',
        resolve: ({ items }) => items,
      }),
      pageInfo: t.field({
        type: pageInfo,
        nullable: false,
        description: 'Where this page stands in the list.',
        resolve: (page) => page,
      }),
      totalCount: t.exposeInt('totalCount', {
        nullable: false,
        description: 'How many partitions the caller may read.',
      }),
    }),
  });
}

function cursorOf(partition: PartitionModel | undefined): string | null {
  return partition === undefined ? null : nodeIdOf(partition.name);
}

function parseCursor(cursor: string): bigint {
  const name = parseNodeId(cursor);
  if (name.object === 'PARTITION') return name.partitionId;
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${JSON.stringify(cursor)} is not a cursor of a list of partitions.`,
  );
}
