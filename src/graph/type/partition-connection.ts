/** The connection of partitions: pages of those that the caller may read. */
import type { Builder, Refs } from '../builder.ts';
import type { PartitionModel } from '../model.ts';
import { nodeIdOf } from '../node-id.ts';
import type { PartitionFilterInput, PartitionPage } from '../argument/partition-list.ts';

export function definePartitionFilter(builder: Builder) {
  return builder.inputRef<PartitionFilterInput>('PartitionFilter').implement({
    description: 'Which partitions are wanted: those for which all holds that is given.',
    fields: (t) => ({
      ids: t.field({ type: ['UInt64'], required: false, description: 'Its id is one of these.' }),
      nameContains: t.string({
        required: false,
        description: 'Its name has this in it, upper and lower case being different.',
      }),
      isRoot: t.boolean({ required: false, description: 'Whether it is the root partition.' }),
    }),
  });
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
        description: 'The cursor of its first item; null on an empty page, and in an order.',
        resolve: ({ items, hasCursors }) => (hasCursors ? cursorOf(items.at(0)) : null),
      }),
      endCursor: t.string({
        nullable: true,
        description: 'The cursor of its last item; null on an empty page, and in an order.',
        resolve: ({ items, hasCursors }) => (hasCursors ? cursorOf(items.at(-1)) : null),
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
        description:
          'How many partitions there are on all pages: those that the caller may read and the filter lets through.',
      }),
    }),
  });
}

function cursorOf(partition: PartitionModel | undefined): string | null {
  return partition === undefined ? null : nodeIdOf(partition.name);
}
