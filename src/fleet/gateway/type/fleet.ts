/** The type of the fleet: hosts, and lists and totals over all hosts. */
import type { GraphQLResolveInfo } from 'graphql';
import { sizeArgument } from '../../../graph/argument/connection.ts';
import type { Builder, Refs } from '../../../graph/builder.ts';
import type { defineObjects } from '../../../graph/schema.ts';
import { fleetOf, fleetRoot, mostRanked, partOf, type FleetRoot } from '../fleet-context.ts';
import type { FleetReader } from '../fleet-reader.ts';
import { firstOf, partitionRanking, virtualProcessorRanking, type Ranking } from '../host-order.ts';
import type { KnownHost } from '../host-registry.ts';
import { defineFleetTotals } from './fleet-totals.ts';
import { defineHostConnection, defineHostFilter, pageOfHosts } from './host-connection.ts';
import type { HostRef, StatusRef } from './host.ts';

/** The reference to the export type of the fleet, once that is defined. */
export type FleetRef = ReturnType<ReturnType<typeof newFleetRef>['implement']>;

function newFleetRef(builder: Builder) {
  return builder.objectRef<FleetRoot>('Fleet');
}

/** The argument `first` of lists of the whole fleet. */
const howMany = {
  required: true,
  defaultValue: 10,
  description: 'The maximum number of items, at most 100.',
} as const;

/** The type of the fleet. */
export function defineFleet(
  builder: Builder,
  {
    refs,
    objects: { orders, views },
    host,
    status,
  }: {
    readonly refs: Refs;
    readonly objects: ReturnType<typeof defineObjects>;
    readonly host: HostRef;
    readonly status: StatusRef;
  },
) {
  return newFleetRef(builder).implement({
    description: "The hosts that the caller's token names.",
    fields: (t) => ({
      hosts: t.field({
        type: defineHostConnection(builder, host),
        nullable: true,
        description: 'The hosts, by name; at most 1000 on a page.',
        args: {
          first: t.arg.int({ required: false, description: 'The maximum number of hosts.' }),
          after: t.arg.string({ required: false, description: 'Only hosts after this cursor.' }),
          filter: t.arg({
            type: defineHostFilter(builder, status),
            required: false,
            description: 'Which hosts to include.',
          }),
        },
        resolve: (_root, args, context) => pageOfHosts(fleetOf(context).hosts(), args),
      }),
      partitions: t.field({
        type: [refs.partition],
        nullable: true,
        description:
          'The first partitions of the whole fleet in the sort order. Unreachable hosts are missing; see `unreachable`.',
        args: {
          orderBy: t.arg({ type: orders.partition, required: true, description: 'The sort order.' }),
          first: t.arg.int(howMany),
        },
        resolve: (_root, args, context, info) =>
          ranked(fleetOf(context), {
            info,
            first: args.first,
            ranking: partitionRanking(args.orderBy),
            wrap: (selection, given) => `hypervisor { partitions${given} { nodes ${selection} } }`,
            listOf: ({ partitions }) => (partitions as { nodes?: unknown } | null)?.nodes,
          }) as never,
      }),
      virtualProcessors: t.field({
        type: [refs.virtualProcessor],
        nullable: true,
        description:
          'The first virtual processors of the whole fleet in the sort order. Unreachable hosts are missing; see `unreachable`.',
        args: {
          orderBy: t.arg({ type: orders.virtualProcessor, required: true, description: 'The sort order.' }),
          first: t.arg.int(howMany),
        },
        resolve: (_root, args, context, info) =>
          ranked(fleetOf(context), {
            info,
            first: args.first,
            ranking: virtualProcessorRanking(args.orderBy),
            wrap: (selection, given) => `hypervisor { virtualProcessors${given} ${selection} }`,
            listOf: ({ virtualProcessors }) => virtualProcessors,
          }) as never,
      }),
      totals: t.field({
        type: defineFleetTotals(builder, views.logicalProcessor.counters),
        nullable: false,
        description: 'Totals of all hosts.',
        resolve: () => fleetRoot,
      }),
      late: t.field({
        type: [host],
        nullable: false,
        description:
          'The hosts whose values are repeated from an earlier event of this subscription, because newer ones have not arrived in time. After two intervals they are unreachable.',
        resolve: (_root, _args, context) => fleetOf(context).late() as Promise<KnownHost[]>,
      }),
      unreachable: t.field({
        type: [host],
        nullable: false,
        description: 'The hosts that are unreachable, or missing from a list or total of this response.',
        resolve: (_root, _args, context) => fleetOf(context).unreachable() as Promise<KnownHost[]>,
      }),
    }),
  });
}

/** The first items of the whole fleet: each host returns its own first items, with the numbers that rank them. */
async function ranked(
  operation: FleetReader,
  list: {
    readonly info: GraphQLResolveInfo;
    readonly first: number;
    readonly ranking: Ranking;
    readonly wrap: (selection: string, args: string) => string;
    readonly listOf: (hypervisor: Readonly<Record<string, unknown>>) => unknown;
  },
): Promise<readonly object[]> {
  const { info, ranking, wrap, listOf } = list;
  const first = sizeArgument('first', list.first, { most: mostRanked }) ?? mostRanked;
  const part = partOf(info, (selection, args) =>
    wrap(selection.replace(/\}$/, `  ${ranking.selection}\n}`), args),
  );
  return firstOf(await operation.askEach(part), { ranking, first, listOf });
}
