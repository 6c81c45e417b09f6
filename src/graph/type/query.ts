/** The entry points of queries. Only they wait for the topology; the fields below them need not wait. */
import { HvqlError } from '../../errors.ts';
import { listArgument } from '../argument/argument.ts';
import type { Builder, Refs } from '../builder.ts';
import type { OperationContext, View } from '../context.ts';
import { HypervisorModel, PartitionModel, type NodeModel } from '../model.ts';
import { nodeOf } from './node.ts';

export function defineQuery(builder: Builder, refs: Refs): void {
  builder.queryType({
    description: 'Queries of the hypervisor statistics. All values of one response come from one snapshot.',
    fields: (t) => ({
      hypervisor: t.field({
        type: refs.hypervisor,
        nullable: false,
        description: 'The hypervisor.',
        resolve: (_root, _args, { operation }) => inView(operation, (view) => new HypervisorModel(view)),
      }),
      partition: t.field({
        type: refs.partition,
        nullable: true,
        description: 'The partition with this id; without an id, the caller.',
        args: { id: t.arg({ type: 'UInt64', required: false, description: 'Its partition id.' }) },
        resolve: (_root, { id }, { operation }) =>
          inView(
            operation,
            (view) => new PartitionModel(view, view.access.partition(id ?? view.access.caller.partitionId)),
          ),
      }),
      node: t.field({
        type: refs.node,
        nullable: true,
        description: 'The object with this global id, if the caller may read it.',
        args: {
          id: t.arg.id({ required: true, description: 'The global id, as the field `id` returns it.' }),
        },
        resolve: (_root, { id }, { operation }) => inView(operation, (view) => nodeOf(view, id)),
      }),
      nodes: t.field({
        type: [refs.node],
        nullable: { list: false, items: true },
        description:
          'The objects with these global ids, in the same order. For an object that the caller may not read the list has null, with an error.',
        args: {
          ids: t.arg.idList({ required: true, description: 'The global ids.' }),
        },
        resolve: (_root, { ids }, { operation }) =>
          inView(operation, (view) => listArgument(view, 'ids', ids).map((id) => nodeOrError(view, id))),
      }),
    }),
  });
}

/** Applies `make` to the operation's view; synchronously if the topology is known. */
function inView<Result>(operation: OperationContext, make: (view: View) => Result): Result | Promise<Result> {
  const view = operation.view();
  return view instanceof Promise ? view.then(make) : make(view);
}

/** graphql-js reports an error in a list for its item, so that one denied object does not fail the list. */
function nodeOrError(view: View, id: string): NodeModel {
  try {
    return nodeOf(view, id);
  } catch (error) {
    if (!(error instanceof HvqlError)) throw error;
    return error as unknown as NodeModel;
  }
}
