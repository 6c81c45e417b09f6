/** The entry points of queries. */
import { sizeArgument } from '../../../graph/argument/connection.ts';
import type { Builder, Refs } from '../../../graph/builder.ts';
import { fleetOf, fleetRoot, mostRanked, type FleetContext } from '../fleet-context.ts';
import { nodeOf, nodesOf } from '../fleet-node.ts';
import type { FleetReader } from '../fleet-reader.ts';
import type { FleetRef } from './fleet.ts';
import type { HostRef } from './host.ts';

/** Queries, and the types that only they have. */
export function defineFleetQuery(
  builder: Builder,
  { refs, host, fleet }: { readonly refs: Refs; readonly host: HostRef; readonly fleet: FleetRef },
): void {
  const viewer = builder.objectRef<FleetReader>('FleetViewer').implement({
    description: 'The caller.',
    fields: (t) => ({
      partition: t.string({
        nullable: false,
        description: 'Its partition id on each host; "root" means the root partition of each host.',
        resolve: ({ grant }) => grant.caller.partitionId.toString(),
      }),
      hosts: t.stringList({
        nullable: false,
        description: 'The names of the known hosts that it may query.',
        resolve: (operation) => operation.hosts().map(({ name }) => name),
      }),
    }),
  });
  const service = builder.objectRef<FleetContext>('FleetService').implement({
    description: 'This gateway.',
    fields: (t) => ({
      version: t.exposeString('version', { nullable: false, description: 'Its version.' }),
    }),
  });
  builder.queryType({
    description:
      'Queries of the hypervisor statistics of many hosts. All values of one host come from one snapshot.',
    fields: (t) => ({
      fleet: t.field({
        type: fleet,
        nullable: false,
        description: 'All hosts that the caller may query.',
        resolve: () => fleetRoot,
      }),
      host: t.field({
        type: host,
        nullable: true,
        description: 'The host with this name; null if the caller may not query it or it does not exist.',
        args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
        resolve: (_root, { name }, context) => fleetOf(context).host(name),
      }),
      node: t.field({
        type: refs.node,
        nullable: true,
        description: 'The object with this global id, if the caller may read it.',
        args: {
          id: t.arg.id({ required: true, description: 'The global id, as the field `id` returns it.' }),
        },
        resolve: (_root, { id }, context, info) => nodeOf(fleetOf(context), { id, info }) as never,
      }),
      nodes: t.field({
        type: [refs.node],
        nullable: { list: false, items: true },
        description: 'The objects with these global ids, in the same order.',
        args: { ids: t.arg.idList({ required: true, description: 'The global ids, at most 100.' }) },
        resolve: (_root, { ids }, context, info) => {
          sizeArgument('ids', ids.length, { most: mostRanked });
          return nodesOf(fleetOf(context), { ids, info }) as never;
        },
      }),
      viewer: t.field({
        type: viewer,
        nullable: false,
        description: 'The caller.',
        resolve: (_root, _args, context) => fleetOf(context),
      }),
      service: t.field({
        type: service,
        nullable: false,
        description: 'This gateway.',
        resolve: (_root, _args, context) => context as unknown as FleetContext,
      }),
    }),
  });
}
