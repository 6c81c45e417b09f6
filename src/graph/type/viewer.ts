/** The caller in the graph. */
import { allPrivileges } from '../../access/caller.ts';
import type { Builder, Refs } from '../builder.ts';
import type { View } from '../context.ts';
import { PartitionModel } from '../model.ts';

export function defineViewer(builder: Builder, refs: Refs): void {
  const privilege = builder.enumType('Privilege', {
    description: 'Privileges of a partition that concern statistics.',
    values: {
      ACCESS_STATS: { description: 'May read statistics as root or as a parent.' },
      ACCESS_STATS_MSR: { description: 'May read its own statistics.' },
    } as const,
  });
  const viewer = builder.objectRef<View>('Viewer').implement({
    description: 'The caller: a partition and its privileges.',
    fields: (t) => ({
      partitionId: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'The partition id of the caller.',
        resolve: ({ access }) => access.caller.partitionId,
      }),
      isRoot: t.boolean({
        nullable: false,
        description: 'Whether the caller is the root partition.',
        resolve: ({ access }) => access.isRoot,
      }),
      privileges: t.field({
        type: [privilege],
        nullable: false,
        description: 'The privileges of the caller.',
        resolve: ({ access }) => allPrivileges.filter((name) => access.caller.privileges.has(name)),
      }),
      partition: t.field({
        type: refs.partition,
        nullable: true,
        description: 'The partition of the caller, if it may read it.',
        resolve: (view) => new PartitionModel(view, view.access.partition(view.access.caller.partitionId)),
      }),
    }),
  });
  builder.queryField('viewer', (t) =>
    t.field({
      type: viewer,
      nullable: false,
      description: 'The caller, and what it may read.',
      resolve: (_root, _args, { operation }) => operation.view(),
    }),
  );
}
