/** The hypervisor in the graph, from which all other objects are reached. */
import type { Granted } from '../../access/access.ts';
import { valueOf } from '../../snapshot/reading.ts';
import {
  hypervisorName,
  type LogicalProcessorName,
  type VirtualProcessorName,
} from '../../snapshot/object-name.ts';
import type { Builder } from '../builder.ts';
import { type GraphTypes, hostDescription, idDescription, sampledAtDescription } from './readable.ts';
import {
  HypervisorModel,
  LogicalProcessorModel,
  PartitionModel,
  TotalsModel,
  VirtualProcessorModel,
} from '../model.ts';
import {
  defineHypervisorSample,
  historyArguments,
  historyDescription,
  lastDescription,
  stepDescription,
} from './history.ts';
import { nodeIdOf } from '../node-id.ts';
import { pageModelOf } from './overlay-page.ts';
import { definePartitionConnection, definePartitionFilter } from './partition-connection.ts';
import { partitionPageOf } from '../argument/partition-list.ts';
import { listProcessors } from '../argument/processor-list.ts';
import { allUnlisted, moment } from '../extension.ts';
import { unlistedDescription, unlistedOf } from './unlisted.ts';

export function defineHypervisor(
  builder: Builder,
  { refs, views, page, unlisted, orders, totals }: GraphTypes,
): void {
  const partitionConnection = definePartitionConnection(builder, refs);
  const sample = defineHypervisorSample(builder, views.hypervisor.counters);
  const partitionFilter = definePartitionFilter(builder);
  refs.hypervisor.implement({
    description: 'The hypervisor, with its logical processors and the partitions that the caller may read.',
    interfaces: [refs.node],
    isTypeOf: (value) => value instanceof HypervisorModel,
    fields: (t) => ({
      id: t.id({
        nullable: false,
        description: idDescription,
        resolve: ({ view }) => nodeIdOf(hypervisorName, view.host),
      }),
      host: t.string({ nullable: false, description: hostDescription, resolve: ({ view }) => view.host }),
      sampledAt: t.field({
        type: 'DateTime',
        nullable: false,
        description: sampledAtDescription,
        extensions: moment,
        resolve: ({ view }) => view.reader.moment().wallMilliseconds,
      }),
      counters: t.field({
        type: views.hypervisor.counters,
        nullable: true,
        description: 'Its counter values. For the root partition only.',
        resolve: ({ view }) => valueOf(view.reader.reading(view.access.hypervisor())),
      }),
      history: t.field({
        type: [sample],
        nullable: true,
        description: `${historyDescription} For the root partition only.`,
        args: {
          last: t.arg({ type: 'Duration', required: false, description: lastDescription }),
          step: t.arg({ type: 'Duration', required: false, description: stepDescription }),
        },
        resolve: ({ view }, args) => {
          const name = view.access.hypervisor();
          return view.reader.history.of(name, historyArguments(args));
        },
      }),
      page: t.field({
        type: page,
        nullable: true,
        description:
          'The overlay page that holds its counters; null if the source has no pages. For the root partition only.',
        resolve: ({ view }) => pageModelOf(view, view.access.hypervisor()),
      }),
      unlisted: t.field({
        type: [unlisted],
        nullable: true,
        description: `${unlistedDescription} For the root partition only.`,
        extensions: allUnlisted,
        resolve: ({ view }) => unlistedOf(view, view.access.hypervisor()),
      }),
      logicalProcessor: t.field({
        type: refs.logicalProcessor,
        nullable: true,
        description: 'The logical processor with this index. For the root partition only.',
        args: { index: t.arg.int({ required: true, description: 'Its index, from 0.' }) },
        resolve: ({ view }, { index }) =>
          new LogicalProcessorModel(view, view.access.logicalProcessor(index)),
      }),
      logicalProcessors: t.field({
        type: [refs.logicalProcessor],
        nullable: { list: true, items: true },
        description:
          'The logical processors, by ascending index unless `orderBy` is given. For an index that does not exist the list has null, with an error. For the root partition only.',
        args: {
          indexes: t.arg.intList({ required: false, description: 'Only processors with these indexes.' }),
          orderBy: t.arg({
            type: orders.logicalProcessor,
            required: false,
            description: 'The sort order.',
          }),
          first: t.arg.int({ required: false, description: 'The maximum number of items.' }),
        },
        resolve: ({ view }, list) => {
          const processors = {
            object: 'LOGICAL_PROCESSOR' as const,
            all: () => view.access.logicalProcessors(),
            at: (index: number) => view.access.logicalProcessor(index),
            modelOf: (name: Granted<LogicalProcessorName>) => new LogicalProcessorModel(view, name),
          };
          return listProcessors(view, { processors, list });
        },
      }),
      logicalProcessorTotals: t.field({
        type: totals,
        nullable: true,
        description: 'All logical processors together. For the root partition only.',
        resolve: ({ view }) => new TotalsModel(view, view.access.logicalProcessors()),
      }),
      partition: t.field({
        type: refs.partition,
        nullable: true,
        description: 'The partition with this id.',
        args: { id: t.arg({ type: 'UInt64', required: true, description: 'Its partition id.' }) },
        resolve: ({ view }, { id }) => new PartitionModel(view, view.access.partition(id)),
      }),
      partitions: t.field({
        type: partitionConnection,
        nullable: true,
        description:
          'The partitions that the caller may read, by ascending id unless `orderBy` is given; at most 100 on a page.',
        args: {
          first: t.arg.int({
            required: false,
            description: 'The maximum number of items, from the start of the list.',
          }),
          after: t.arg.string({ required: false, description: 'Only items after this cursor.' }),
          last: t.arg.int({
            required: false,
            description: 'The maximum number of items, from the end of the list.',
          }),
          before: t.arg.string({ required: false, description: 'Only items before this cursor.' }),
          filter: t.arg({
            type: partitionFilter,
            required: false,
            description: 'Which partitions to include.',
          }),
          orderBy: t.arg({
            type: orders.partition,
            required: false,
            description:
              'The sort order. Of the paging arguments only `first` may be given with it, because the order may differ at the next request.',
          }),
        },
        resolve: ({ view }, list) => partitionPageOf(view, list),
      }),
      virtualProcessors: t.field({
        type: [refs.virtualProcessor],
        nullable: true,
        description:
          'The first virtual processors in the sort order, of all partitions that the caller may read.',
        args: {
          orderBy: t.arg({
            type: orders.virtualProcessor,
            required: true,
            description: 'The sort order.',
          }),
          first: t.arg.int({ required: true, defaultValue: 10, description: 'The maximum number of items.' }),
        },
        resolve: ({ view }, list) => {
          const processors = {
            object: 'VIRTUAL_PROCESSOR' as const,
            all: () => view.access.allVirtualProcessors(),
            modelOf: (name: Granted<VirtualProcessorName>) => new VirtualProcessorModel(view, name),
          };
          return listProcessors(view, { processors, list });
        },
      }),
    }),
  });
}
