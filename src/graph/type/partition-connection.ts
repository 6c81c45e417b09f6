/** The connection of partitions: pages of those that the caller may read. */
import type { Builder, Refs } from '../builder.ts';
import type { PartitionModel } from '../model.ts';
import { nodeIdOf } from '../node-id.ts';
import type { PartitionFilterInput, PartitionPage } from '../argument/partition-list.ts';

export function definePartitionFilter(builder: Builder) {
  return builder.inputRef<PartitionFilterInput>('PartitionFilter').implement({
    description: 'Selects the partitions for which all given conditions hold.',
    fields: (t) => ({
      ids: t.field({ type: ['UInt64'], required: false, description: 'Its id is one of these.' }),
      nameContains: t.string({
        required: false,
        description: 'Its name contains this text (case-sensitive).',
      }),
      isRoot: t.boolean({ required: false, description: 'Whether it is the root partition.' }),
    }),
  });
}

export function definePartitionConnection(builder: Builder, refs: Refs) {
  const edge = builder.objectRef<PartitionModel>('PartitionEdge').implement({
    description: 'A partition in a list, with its cursor.',
    fields: (t) => ({
      cursor: t.string({
        nullable: false,
        description: 'Its position in the list, for `after` and `before`.',
        resolve: ({ view, name }) => nodeIdOf(name, view.host),
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
    description: 'The position of a page in its list.',
    fields: (t) => ({
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        nullable: false,
        description: 'Whether there are items before this page.',
      }),
      hasNextPage: t.exposeBoolean('hasNextPage', {
        nullable: false,
        description: 'Whether there are items after this page.',
      }),
      startCursor: t.string({
        nullable: true,
        description: 'The cursor of the first item; null if the page is empty or `orderBy` is given.',
        resolve: ({ items, hasCursors }) => (hasCursors ? cursorOf(items.at(0)) : null),
      }),
      endCursor: t.string({
        nullable: true,
        description: 'The cursor of the last item; null if the page is empty or `orderBy` is given.',
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
        description: 'The position of this page in the list.',
        resolve: (page) => page,
      }),
      totalCount: t.exposeInt('totalCount', {
        nullable: false,
        description:
          'The number of partitions on all pages: those that the caller may read and that match the filter.',
      }),
    }),
  });
}

function cursorOf(partition: PartitionModel | undefined): string | null {
  return partition === undefined ? null : nodeIdOf(partition.name, partition.view.host);
}
