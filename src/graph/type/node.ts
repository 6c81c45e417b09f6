/** Objects by global id, with the same access decisions as for any other path to them. */
import { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Refs } from '../builder.ts';
import type { View } from '../context.ts';
import {
  HypervisorModel,
  LogicalProcessorModel,
  PartitionModel,
  VirtualProcessorModel,
  type NodeModel,
} from '../model.ts';
import { parseNodeId } from '../node-id.ts';
import { idDescription } from './readable.ts';

export function defineNode({ node }: Refs): void {
  node.implement({
    description: 'An object with a global id.',
    fields: (t) => ({ id: t.id({ nullable: false, description: idDescription }) }),
  });
}

/**
 * The object with a global id. Throws the same errors as any other path to the object, and NOT_FOUND for an object of
 * another host.
 */
export function nodeOf(view: View, id: string): NodeModel {
  const { host, name } = parseNodeId(id);
  if (host === view.host) return modelOf(view, name);
  throw new HvqlError(
    'NOT_FOUND',
    `${JSON.stringify(id)} is the id of an object of the host ${JSON.stringify(host)}, but this is the host ${JSON.stringify(view.host)}.`,
  );
}

function modelOf(view: View, name: ObjectName): NodeModel {
  const { access } = view;
  switch (name.object) {
    case 'HYPERVISOR':
      return new HypervisorModel(view);
    case 'LOGICAL_PROCESSOR':
      return new LogicalProcessorModel(view, access.logicalProcessor(name.index));
    case 'PARTITION':
      return new PartitionModel(view, access.partition(name.partitionId));
    case 'VIRTUAL_PROCESSOR': {
      const partition = access.partition(name.partitionId);
      return new VirtualProcessorModel(view, access.virtualProcessor(partition, name.index));
    }
  }
}
