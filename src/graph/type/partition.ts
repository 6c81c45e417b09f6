/** A partition in the graph. */
import type { Granted } from '../../access/access.ts';
import type { VirtualProcessorName } from '../../snapshot/object-name.ts';
import type { Builder } from '../builder.ts';
import type { GraphTypes } from './readable.ts';
import { PartitionModel, TotalsModel, VirtualProcessorModel } from '../model.ts';
import { listProcessors } from '../argument/processor-list.ts';
import { defineReadableFields } from './readable.ts';

export function definePartition(
  builder: Builder,
  { refs, views, page, unlisted, orders, totals }: GraphTypes,
): void {
  refs.partition.implement({
    description:
      'A partition: a virtual machine, or the root partition, which manages the machine. For the partition itself and its parent.',
    interfaces: [refs.node],
    isTypeOf: (value) => value instanceof PartitionModel,
    fields: (t) => ({
      partitionId: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'Its id. The hypervisor does not reuse it before it restarts.',
        resolve: ({ name }) => name.partitionId,
      }),
      name: t.string({
        nullable: true,
        description: 'Its name, if the source knows one.',
        resolve: ({ partition }) => partition.entry.name,
      }),
      isRoot: t.boolean({
        nullable: false,
        description: 'Whether it is the root partition, which has no parent.',
        resolve: ({ partition }) => partition.entry.parent === null,
      }),
      parent: t.field({
        type: refs.partition,
        nullable: true,
        description: 'The partition that created it; null for the root partition.',
        resolve: ({ view, partition }) => {
          const parent = view.access.parentOf(partition);
          return parent === null ? null : new PartitionModel(view, parent);
        },
      }),
      virtualProcessor: t.field({
        type: refs.virtualProcessor,
        nullable: true,
        description: 'The virtual processor with this index.',
        args: { index: t.arg.int({ required: true, description: 'Its index in the partition, from 0.' }) },
        resolve: ({ view, partition }, { index }) =>
          new VirtualProcessorModel(view, view.access.virtualProcessor(partition, index)),
      }),
      virtualProcessors: t.field({
        type: [refs.virtualProcessor],
        nullable: { list: true, items: true },
        description:
          'Its virtual processors, by ascending index unless `orderBy` is given. For an index that does not exist the list has null, with an error.',
        args: {
          indexes: t.arg.intList({ required: false, description: 'Only processors with these indexes.' }),
          orderBy: t.arg({
            type: orders.virtualProcessor,
            required: false,
            description: 'The sort order.',
          }),
          first: t.arg.int({ required: false, description: 'The maximum number of items.' }),
        },
        resolve: ({ view, partition }, list) => {
          const processors = {
            object: 'VIRTUAL_PROCESSOR' as const,
            all: () => view.access.virtualProcessors(partition),
            at: (index: number) => view.access.virtualProcessor(partition, index),
            modelOf: (name: Granted<VirtualProcessorName>) => new VirtualProcessorModel(view, name),
          };
          return listProcessors(view, { processors, list });
        },
      }),
      virtualProcessorTotals: t.field({
        type: totals,
        nullable: true,
        description: 'All its virtual processors together.',
        resolve: ({ view, partition }) => new TotalsModel(view, view.access.virtualProcessors(partition)),
      }),
    }),
  });
  defineReadableFields(builder, {
    typeName: 'Partition',
    ref: refs.partition,
    views: views.partition,
    page,
    unlisted,
  });
}
