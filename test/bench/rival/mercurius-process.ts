/**
 * D: Mercurius on Fastify, compiled by graphql-jit, with a schema of its own that has the same fields. Without
 * authentication. Run as `mercurius-process.ts <page folder>`.
 */
import { countersInPages } from '../../../src/catalogue/catalogue.ts';
import type { StatisticsObject } from '../../../src/catalogue/group.ts';
import type { Topology } from '../../../src/snapshot/topology.ts';
import { endWithParent } from '../announce.ts';
import { built } from '../built.ts';
import { readHost } from '../host.ts';

/** What only `package.json` of this folder names has no types here. */
const rival = (name: string): Promise<any> => import(name);

const { decodePage } = await built('page/decode.js');
const { pages, topology } = await readHost(process.argv[2] ?? '');

const fieldsOf = (object: StatisticsObject): string =>
  countersInPages(object, 2013)
    .map(({ field }) => `${field}: UInt64`)
    .join('\n');
const schema = `
  scalar UInt64
  type Query { hypervisor: Hypervisor! }
  type Hypervisor {
    logicalProcessors: [LogicalProcessor!]
    partitions(first: Int, last: Int): PartitionConnection!
  }
  type LogicalProcessor { index: Int! counters: LogicalProcessorCounters }
  type PartitionConnection { nodes: [Partition!]! }
  type Partition { partitionId: UInt64! counters: PartitionCounters virtualProcessors: [VirtualProcessor!] }
  type VirtualProcessor { index: Int! counters: VirtualProcessorCounters }
  type LogicalProcessorCounters { ${fieldsOf('LOGICAL_PROCESSOR')} }
  type PartitionCounters { ${fieldsOf('PARTITION')} }
  type VirtualProcessorCounters { ${fieldsOf('VIRTUAL_PROCESSOR')} }
`;

/** An object and its page. */
interface Paged {
  readonly object: StatisticsObject;
  readonly bytes: Uint8Array;
}
type Reading = ReturnType<typeof decodePage>;
type PartitionEntry = Topology['partitions'][number];

const counters = ({ object, bytes }: Paged): Reading => decodePage(bytes, { object, place: '' });
const countersIn = (object: StatisticsObject): object =>
  Object.fromEntries(
    countersInPages(object, 2013).map((counter) => [
      counter.field,
      (reading: Reading) => reading.value(counter),
    ]),
  );
const paged = (object: StatisticsObject, place: string): Paged => {
  const bytes = pages.get(`${place}/stats.page`);
  if (bytes === undefined) throw new Error(`there is no page of ${place}`);
  return { object, bytes };
};
const { GraphQLScalarType } = await rival('graphql');
const resolvers = {
  UInt64: new GraphQLScalarType({ name: 'UInt64', serialize: String }),
  Query: { hypervisor: () => ({}) },
  Hypervisor: {
    logicalProcessors: () =>
      topology.logicalProcessors.map((index) => ({ index, ...paged('LOGICAL_PROCESSOR', `lp/${index}`) })),
    partitions: (_: unknown, { first, last }: { first?: number; last?: number }) => {
      const { partitions } = topology;
      return { nodes: last === undefined ? partitions.slice(0, first) : partitions.slice(-last) };
    },
  },
  LogicalProcessor: { counters },
  Partition: {
    partitionId: ({ id }: PartitionEntry) => id,
    counters: ({ id }: PartitionEntry) => counters(paged('PARTITION', `partition/${id}`)),
    virtualProcessors: ({ id, virtualProcessors }: PartitionEntry) =>
      virtualProcessors.map((index) => ({
        index,
        ...paged('VIRTUAL_PROCESSOR', `partition/${id}/vp/${index}`),
      })),
  },
  VirtualProcessor: { counters },
  LogicalProcessorCounters: countersIn('LOGICAL_PROCESSOR'),
  PartitionCounters: countersIn('PARTITION'),
  VirtualProcessorCounters: countersIn('VIRTUAL_PROCESSOR'),
};

const { default: fastify } = await rival('fastify');
const { default: mercurius } = await rival('mercurius');
const app = fastify();
app.register(mercurius, { schema, resolvers, jit: 1 });
const address: string = await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`listening on ${address}/graphql\n`);
endWithParent();
