/** Logical and virtual processors in the graph. */
import type { Builder } from '../builder.ts';
import { LogicalProcessorModel, PartitionModel, VirtualProcessorModel } from '../model.ts';
import { defineReadableFields, type GraphTypes } from './readable.ts';

export function defineLogicalProcessor(
  builder: Builder,
  { refs, views, page, unlisted }: Pick<GraphTypes, 'refs' | 'views' | 'page' | 'unlisted'>,
): void {
  refs.logicalProcessor.implement({
    description: "One of the machine's processors, as the hypervisor sees it. For the root partition only.",
    interfaces: [refs.node],
    isTypeOf: (value) => value instanceof LogicalProcessorModel,
    fields: (t) => ({
      index: t.int({
        nullable: false,
        description: 'Its index, from 0.',
        resolve: ({ name }) => name.index,
      }),
    }),
  });
  defineReadableFields(builder, {
    typeName: 'LogicalProcessor',
    ref: refs.logicalProcessor,
    views: views.logicalProcessor,
    page,
    unlisted,
  });
}

export function defineVirtualProcessor(
  builder: Builder,
  { refs, views, page, unlisted }: Pick<GraphTypes, 'refs' | 'views' | 'page' | 'unlisted'>,
): void {
  refs.virtualProcessor.implement({
    description: 'A processor of a partition, which the hypervisor schedules on the logical processors.',
    interfaces: [refs.node],
    isTypeOf: (value) => value instanceof VirtualProcessorModel,
    fields: (t) => ({
      index: t.int({
        nullable: false,
        description: 'Its index in its partition, from 0.',
        resolve: ({ name }) => name.index,
      }),
      partition: t.field({
        type: refs.partition,
        nullable: false,
        description: 'The partition that it belongs to.',
        resolve: ({ view, name }) => new PartitionModel(view, view.access.partition(name.partitionId)),
      }),
    }),
  });
  defineReadableFields(builder, {
    typeName: 'VirtualProcessor',
    ref: refs.virtualProcessor,
    views: views.virtualProcessor,
    page,
    unlisted,
  });
}
