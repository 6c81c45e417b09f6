/** The graph of a fleet: the graph of a host below each host, and lists, totals and names of hosts above them. */
import {
  isInterfaceType,
  isObjectType,
  type FieldNode,
  isScalarType,
  type GraphQLResolveInfo,
  type GraphQLScalarType,
  type GraphQLSchema,
} from 'graphql';
import { HvqlError } from '../../errors.ts';
import { createBuilder, createRefs, type Builder } from '../../graph/builder.ts';
import { sizeArgument } from '../../graph/argument/connection.ts';
import { withCounterDirective } from '../../graph/extension.ts';
import type { CounterViews } from '../../graph/type/counter-view.ts';
import { parseNodeId } from '../../graph/node-id.ts';
import { defineObjects } from '../../graph/schema.ts';
import { excerpt, isObject } from '../../lib/json.ts';
import type { FleetOperation } from './fleet-operation.ts';
import { readByKey, readHost, readId } from './host-answer.ts';
import { firstOf, partitionRanking, virtualProcessorRanking, type Ranking } from './host-order.ts';
import { hostPart, type HostPart } from './host-part.ts';
import type { HostStatus, KnownHost } from './host-registry.ts';
import { sumOf } from './host-total.ts';

/** The context of the fleet's resolvers. */
export interface FleetContext {
  readonly fleet: FleetOperation;
  readonly version: string;
}

/** Objects of one list of the whole fleet: as many as a page of partitions has. */
const mostRanked = 100;

/** A page of hosts. */
interface HostPage {
  readonly hosts: readonly KnownHost[];
  readonly totalCount: number;
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
}

/** The source of the fleet and its totals: everything of them is in the operation. */
const fleetRoot = { isFleet: true } as const;
type FleetRoot = typeof fleetRoot;

/** A new schema. Its resolvers need a `FleetContext`. */
export function createFleetSchema(): GraphQLSchema {
  const builder = createBuilder();
  const refs = createRefs(builder);
  const { orders, views } = defineObjects(builder, refs);
  const status = defineStatus(builder);
  const host = defineHost(builder, { refs, status });
  const totals = defineFleetTotals(builder, views.logicalProcessor.counters);
  const fleet = newFleetRef(builder).implement({
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
          'The first partitions of the whole fleet. Hosts that cannot be asked are missing; see `unreachable`.',
        args: {
          orderBy: t.arg({ type: orders.partition, required: true, description: 'The sort order.' }),
          first: t.arg.int({
            required: true,
            defaultValue: 10,
            description: 'The maximum number of items, at most 100.',
          }),
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
          'The first virtual processors of the whole fleet. Hosts that cannot be asked are missing; see `unreachable`.',
        args: {
          orderBy: t.arg({ type: orders.virtualProcessor, required: true, description: 'The sort order.' }),
          first: t.arg.int({
            required: true,
            defaultValue: 10,
            description: 'The maximum number of items, at most 100.',
          }),
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
        type: totals,
        nullable: false,
        description: 'All hosts together.',
        resolve: () => fleetRoot,
      }),
      unreachable: t.field({
        type: [host],
        nullable: false,
        description: 'The hosts that cannot be asked, or that this answer lacks in a list or a total.',
        resolve: (_root, _args, context) => fleetOf(context).unreachable() as Promise<KnownHost[]>,
      }),
    }),
  });
  defineFleetQuery(builder, { refs, host, fleet });
  const schema = builder.toSchema({ sortSchema: false });
  readAnswers(schema);
  return withCounterDirective(schema);
}

function defineFleetQuery(
  builder: Builder,
  { refs, host, fleet }: { readonly refs: Refs; readonly host: HostRef; readonly fleet: FleetRef },
): void {
  const viewer = builder.objectRef<FleetOperation>('FleetViewer').implement({
    description: 'The caller.',
    fields: (t) => ({
      partition: t.string({
        nullable: false,
        description: 'Its partition id on each host; "root" is the root partition of each.',
        resolve: ({ grant }) => grant.caller.partitionId.toString(),
      }),
      hosts: t.stringList({
        nullable: false,
        description: 'The names of the hosts that it may ask, of those that are known.',
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
        description: 'All hosts that the caller may ask.',
        resolve: () => fleetRoot,
      }),
      host: t.field({
        type: host,
        nullable: true,
        description: 'The host of this name; null where the caller may ask no such host.',
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
          sizeArgument('ids', ids.length, mostRanked);
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

function defineHost(builder: Builder, { refs, status }: { readonly refs: Refs; readonly status: StatusRef }) {
  const host = builder.objectRef<KnownHost>('Host');
  host.implement({
    description: 'A host: a machine whose hypervisor has statistics.',
    interfaces: [refs.node as never],
    fields: (t) => ({
      id: t.id({ nullable: false, description: 'Its global id.', resolve: ({ name }) => hostIdOf(name) }),
      name: t.exposeString('name', { nullable: false, description: 'Its name.' }),
      status: t.field({
        type: status,
        nullable: false,
        description: 'Whether it can be asked.',
        resolve: (each) => each.status,
      }),
      clockOffsetSeconds: t.float({
        nullable: true,
        description: 'By how much its clock is ahead, where that is more than ten seconds; else null.',
        resolve: ({ clockOffsetMilliseconds: offset }) => (offset === null ? null : offset / 1_000),
      }),
      lastSeenAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it last said that it is alive; null before that.',
        resolve: ({ seenAt }) => (seenAt === null ? null : (new Date(seenAt).toISOString() as never)),
      }),
      version: t.string({
        nullable: true,
        description: 'The version of its service.',
        resolve: ({ alive }) => alive?.version ?? null,
      }),
      source: t.string({
        nullable: true,
        description: 'The kind of its source, such as "mshv".',
        resolve: ({ alive }) => alive?.source ?? null,
      }),
      hypervisor: t.field({
        type: refs.hypervisor,
        nullable: true,
        description: 'Its hypervisor; null with HOST_UNREACHABLE where it cannot be asked.',
        resolve: ({ name }, _args, context, info) =>
          fleetOf(context).ask(
            name,
            partOf(info, (selection) => `hypervisor ${selection}`),
          ) as never,
      }),
      partition: t.field({
        type: refs.partition,
        nullable: true,
        description: 'Its partition with this id; without an id, the caller.',
        args: { id: t.arg({ type: 'UInt64', required: false, description: 'Its partition id.' }) },
        resolve: ({ name }, _args, context, info) =>
          fleetOf(context).ask(
            name,
            partOf(info, (selection, args) => `partition${args} ${selection}`),
          ) as never,
      }),
    }),
  });
  return host;
}

function defineStatus(builder: Builder) {
  return builder.enumType('HostStatus', {
    description: 'Whether a host can be asked.',
    values: {
      ANSWERING: { description: 'It answers, and its source as well.' },
      SOURCE_FAILING: {
        description: 'It answers, but its source does not, or its clock is too far off to verify tokens.',
      },
      UNREACHABLE: { description: 'It is not alive, or has missed a deadline and has not answered since.' },
    } as const satisfies Readonly<Record<HostStatus, { description: string }>>,
  });
}

function defineHostFilter(builder: Builder, status: StatusRef) {
  return builder.inputRef<HostFilter>('HostFilter').implement({
    description: 'Selects the hosts for which all given conditions hold.',
    fields: (t) => ({
      nameContains: t.string({ required: false, description: 'Its name contains this text.' }),
      status: t.field({ type: status, required: false, description: 'Its status.' }),
    }),
  });
}

function defineHostConnection(builder: Builder, host: HostRef) {
  const pageInfo = builder.objectRef<HostPage>('HostPageInfo').implement({
    description: 'The position of a page in its list.',
    fields: (t) => ({
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        nullable: false,
        description: 'Whether there are hosts before this page.',
      }),
      hasNextPage: t.exposeBoolean('hasNextPage', {
        nullable: false,
        description: 'Whether there are hosts after this page.',
      }),
      endCursor: t.string({
        nullable: true,
        description: 'The cursor of the last host, its id; null if the page is empty.',
        resolve: ({ hosts }) => {
          const last = hosts.at(-1);
          return last === undefined ? null : hostIdOf(last.name);
        },
      }),
    }),
  });
  return builder.objectRef<HostPage>('HostConnection').implement({
    description: 'A page of hosts.',
    fields: (t) => ({
      nodes: t.field({
        type: [host],
        nullable: false,
        description: 'The hosts.',
        resolve: ({ hosts }) => [...hosts],
      }),
      pageInfo: t.field({
        type: pageInfo,
        nullable: false,
        description: 'The position of this page in the list.',
        resolve: (page) => page,
      }),
      totalCount: t.exposeInt('totalCount', {
        nullable: false,
        description: 'The number of hosts on all pages.',
      }),
    }),
  });
}

function defineFleetTotals(builder: Builder, counters: CounterViews['logicalProcessor']['counters']) {
  return builder.objectRef<FleetRoot>('FleetTotals').implement({
    description: 'Sums over the hosts that have answered.',
    fields: (t) => ({
      of: t.int({
        nullable: false,
        description: 'The number of hosts that the caller may ask.',
        resolve: (_root, _args, context) => fleetOf(context).hosts().length,
      }),
      answered: t.int({
        nullable: false,
        description: 'The number of hosts that are in the sums.',
        resolve: async (_root, _args, context) => (await totalsOfHosts(fleetOf(context), sizePart)).length,
      }),
      logicalProcessors: t.int({
        nullable: false,
        description: 'The number of their logical processors.',
        resolve: async (_root, _args, context) =>
          Number(sumOf((await totalsOfHosts(fleetOf(context), sizePart)).map(({ of }) => of)) ?? 0),
      }),
      counters: t.field({
        type: counters,
        nullable: true,
        description:
          'Exact sums of the counters of their logical processors. null: none has answered, or one of them lacks the counter.',
        resolve: async (_root, _args, context, info) => {
          const part = partOf(
            info,
            (selection) => `hypervisor { logicalProcessorTotals { counters ${selection} } }`,
          );
          const all = await totalsOfHosts(fleetOf(context), part);
          return (all.length === 0 ? null : sumOf(all.map((each) => each['counters']))) as never;
        },
      }),
    }),
  });
}

const sizePart: HostPart = {
  text: 'hypervisor { logicalProcessorTotals { of } }',
  fragments: new Map(),
  variables: new Map(),
};

/** The totals of the logical processors of the hosts that have any for the caller. */
async function totalsOfHosts(
  operation: FleetOperation,
  part: HostPart,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const results = await operation.askEach(part);
  return results.flatMap((result) => {
    const value = 'value' in result && isObject(result.value) ? result.value['logicalProcessorTotals'] : null;
    return isObject(value) && !(value instanceof Error) ? [value] : [];
  });
}

/** What a host is asked for a field, made once for all hosts of an operation. */
const parts = new WeakMap<readonly FieldNode[], HostPart>();

function partOf(info: GraphQLResolveInfo, wrap: (selection: string, args: string) => string): HostPart {
  let part = parts.get(info.fieldNodes);
  if (part === undefined) parts.set(info.fieldNodes, (part = hostPart(info, wrap)));
  return part;
}

/** The first items of the whole fleet: each host gives its own first items, with the numbers that rank them. */
async function ranked(
  operation: FleetOperation,
  list: {
    readonly info: GraphQLResolveInfo;
    readonly first: number;
    readonly ranking: Ranking;
    readonly wrap: (selection: string, args: string) => string;
    readonly listOf: (hypervisor: Readonly<Record<string, unknown>>) => unknown;
  },
): Promise<readonly object[]> {
  const { info, ranking, wrap, listOf } = list;
  const first = sizeArgument('first', list.first, mostRanked) ?? mostRanked;
  const part = partOf(info, (selection, args) =>
    wrap(selection.replace(/\}$/, `  ${ranking.selection}\n}`), args),
  );
  return firstOf(await operation.askEach(part), { ranking, first, listOf });
}

/** Hosts on one page. */
const mostHostsOnPage = 1_000;

interface HostFilter {
  readonly nameContains?: string | null | undefined;
  readonly status?: HostStatus | null | undefined;
}

function pageOfHosts(
  hosts: readonly KnownHost[],
  args: {
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly filter?: HostFilter | null | undefined;
  },
): HostPage {
  const size = sizeArgument('first', args.first, mostHostsOnPage) ?? mostHostsOnPage;
  const { nameContains, status } = args.filter ?? {};
  const all = hosts.filter(
    (host) =>
      (nameContains == null || host.name.includes(nameContains)) &&
      (status == null || host.status === status),
  );
  const after = args.after == null ? null : hostOfId(args.after);
  if (after === null && args.after != null)
    throw new HvqlError(
      'INVALID_PARAMETER',
      `${JSON.stringify(excerpt(args.after, 60))} is not a cursor of a list of hosts.`,
    );
  const rest = after === null ? all : all.filter(({ name }) => name > after);
  const page = rest.slice(0, size);
  return {
    hosts: page,
    totalCount: all.length,
    hasPreviousPage: rest.length < all.length,
    hasNextPage: page.length < rest.length,
  };
}

function hostIdOf(name: string): string {
  return Buffer.from(`host:${name}`).toString('base64url');
}

/** The name of the host with this id; null where it is not the id of a host. */
function hostOfId(id: string): string | null {
  const name = /^host:(?<name>[a-z0-9-]{1,63})$/.exec(Buffer.from(id, 'base64url').toString())?.groups?.[
    'name'
  ];
  return name !== undefined && hostIdOf(name) === id ? name : null;
}

/** The key of the type of a node in the answer of a host. */
const typeKey = 'hvql_type';

async function nodeOf(
  operation: FleetOperation,
  { id, info }: { readonly id: string; readonly info: GraphQLResolveInfo },
): Promise<unknown> {
  const host = hostOfNode(operation, id);
  if (hostOfId(id) !== null) return host;
  const part = hostPart(info, (selection) => `node(id: ${JSON.stringify(id)}) ${withType(selection)}`);
  return operation.ask(host.name, part);
}

/**
 * Objects of any hosts. Each host is asked once for its own: a selection for each object would count against the limits of
 * the host as many times.
 */
function nodesOf(
  operation: FleetOperation,
  { ids, info }: { readonly ids: readonly string[]; readonly info: GraphQLResolveInfo },
): readonly Promise<unknown>[] {
  const idsOfHosts = new Map<string, string[]>();
  const places = ids.map((id): { readonly host: string; readonly index: number } | HvqlError | KnownHost => {
    try {
      const host = hostOfNode(operation, id);
      if (hostOfId(id) !== null) return host;
      const own = idsOfHosts.get(host.name) ?? [];
      idsOfHosts.set(host.name, own);
      return { host: host.name, index: own.push(id) - 1 };
    } catch (thrown) {
      if (thrown instanceof HvqlError) return thrown;
      throw thrown;
    }
  });
  const answers = new Map(
    [...idsOfHosts].map(([host, own]) => {
      const part = hostPart(info, (selection) => `nodes(ids: ${JSON.stringify(own)}) ${withType(selection)}`);
      return [host, operation.ask(host, part)] as const;
    }),
  );
  return places.map(async (place) => {
    if (place instanceof HvqlError) throw place;
    if (!('index' in place)) return place;
    const found = await answers.get(place.host);
    return Array.isArray(found) ? (found as readonly unknown[])[place.index] : null;
  });
}

/** The host of an object, or that a global id is of. Throws NOT_FOUND for one that the caller may not ask. */
function hostOfNode(operation: FleetOperation, id: string): KnownHost {
  const host = operation.host(hostOfId(id) ?? parseNodeId(id).host);
  if (host !== null) return host;
  throw new HvqlError(
    'NOT_FOUND',
    `${JSON.stringify(excerpt(id, 200))} is not the id of an object of a host that you may ask.`,
  );
}

function withType(selection: string): string {
  return selection.replace(/\}$/, `  ${typeKey}: __typename\n}`);
}

function fleetOf(context: object): FleetOperation {
  return (context as FleetContext).fleet;
}

/** The types of this file, whose fields have resolvers. All others have their values from answers. */
const ownTypes: ReadonlySet<string> = new Set([
  'Query',
  'Fleet',
  'FleetService',
  'FleetTotals',
  'FleetViewer',
  'Host',
  'HostConnection',
  'HostPageInfo',
  'CounterDefinition',
]);

/** Has the types of a host's graph read the answers of hosts in place of a source. */
function readAnswers(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isScalarType(type) && ['UInt64', 'Duration', 'DateTime'].includes(type.name)) passText(type);
    if (isInterfaceType(type)) type.resolveType = typeOfNode;
    if (!isObjectType(type) || ownTypes.has(type.name)) continue;
    type.isTypeOf = null;
    for (const field of Object.values(type.getFields())) {
      const isOfHost = 'id' in type.getFields();
      field.resolve =
        isOfHost && field.name === 'host' ? readHost : isOfHost && field.name === 'id' ? readId : readByKey;
    }
  }
  const definition = schema.getType('CounterDefinition');
  // Hosts differ in it.
  if (isObjectType(definition)) {
    const { isReported } = definition.getFields();
    if (isReported !== undefined) isReported.resolve = () => null;
  }
}

/** In an answer they are texts already. */
function passText(type: GraphQLScalarType): void {
  type.serialize = (value) => {
    if (typeof value === 'string') return value;
    throw new TypeError(`${type.name} needs a text`);
  };
}

function typeOfNode(value: unknown): string {
  const type = (value as Record<string, unknown>)[typeKey];
  return typeof type === 'string' ? type : 'Host';
}

type Refs = ReturnType<typeof createRefs>;
type HostRef = ReturnType<typeof defineHost>;
type StatusRef = ReturnType<typeof defineStatus>;
/** The reference to the type of the fleet, once that is defined. */
type FleetRef = ReturnType<ReturnType<typeof newFleetRef>['implement']>;

function newFleetRef(builder: Builder) {
  return builder.objectRef<FleetRoot>('Fleet');
}
