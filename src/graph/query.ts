/** The entry points into the objects. Only they wait for what exists; below them objects are found without a wait. */
import { listArgument } from './argument.ts';
import type { Builder, Refs } from './builder.ts';
import { HypervisorModel, PartitionModel } from './model.ts';
import { nodeOf } from './node.ts';

export function defineQuery(builder: Builder, refs: Refs): void {
  builder.queryType({
    description: 'Questions about what the hypervisor is doing. One answer is read in one look.',
    fields: (t) => ({
      hypervisor: t.field({
        type: refs.hypervisor,
        nullable: false,
        description: 'The hypervisor.',
        resolve: async (_root, _args, { operation }) => new HypervisorModel(await operation.view()),
      }),
      partition: t.field({
        type: refs.partition,
        nullable: true,
        description: 'The partition of this id; without an id the caller itself.',
        args: { id: t.arg({ type: 'UInt64', required: false, description: 'Its partition id.' }) },
        resolve: async (_root, { id }, { operation }) => {
          const view = await operation.view();
          return new PartitionModel(view, view.access.partition(id ?? operation.caller.partitionId));
        },
      }),
      node: t.field({
        type: refs.node,
        nullable: true,
        description: 'The object of a global id, if the caller may read it.',
        args: { id: t.arg.id({ required: true, description: 'Its id, as the field id gives it.' }) },
        resolve: async (_root, { id }, { operation }) => nodeOf(await operation.view(), id),
      }),
      nodes: t.field({
        type: [refs.node],
        nullable: { list: false, items: true },
        description:
          'The objects of global ids, each for itself: null with an error where the caller may not read it.',
        args: {
          ids: t.arg.idList({ required: true, description: 'Their ids, in the order of the answer.' }),
        },
        resolve: async (_root, { ids }, { operation }) => {
          const view = await operation.view();
          // A promise each, so that one that is denied fails alone.
          return listArgument(view, 'ids', ids).map(async (id) => nodeOf(view, id));
        },
      }),
    }),
  });
}
