/** The context of resolvers: the caller, and its view of the topology in one snapshot. */
import { type Access, accessOf, type AccessTo } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import type { SnapshotReader } from '../sampling/read/snapshot-reader.ts';
import type { SourceHealth } from '../sampling/sampler.ts';
import type { Topology } from '../snapshot/topology.ts';

/** What one caller may read, and the reader of the snapshot that one response comes from. */
export interface View {
  readonly access: Access;
  readonly reader: SnapshotReader;
  readonly limits: Limits;
  /** The name of the host that all objects are of. */
  readonly host: string;
  /** The kind of the source: 'pages'. */
  readonly sourceKind: () => string;
}

/** The limits on requests. */
export interface Limits {
  /** Tokens are of the document; depth, aliases and directives of one operation with its fragments expanded. */
  readonly maxTokens: number;
  readonly maxDepth: number;
  readonly maxAliases: number;
  /** Characters of one name. The response repeats an alias for each value. */
  readonly maxNameLength: number;
  readonly maxDirectives: number;
  /** Bytes of a request body, and of a WebSocket message. */
  readonly maxBodyBytes: number;
  /** Running operations on one WebSocket. */
  readonly maxOperationsPerConnection: number;
  /** Items of a list argument. */
  readonly maxListItems: number;
  /** Values in one response, and overlay pages that are read for it. */
  readonly maxValues: number;
  readonly maxPages: number;
  /** Time for a response, not counting the time that the operation itself asks to wait. */
  readonly maxTimeMilliseconds: number;
  /** Time between two events of a subscription, and between the two readings of a delta or a rate. */
  readonly minIntervalMilliseconds: number;
  readonly maxIntervalMilliseconds: number;
  /** How long a query may wait for a second reading. */
  readonly maxWaitMilliseconds: number;
  /** Objects on one page of a connection. */
  readonly maxPageSize: number;
  /** Open subscriptions of all callers, and of one. */
  readonly maxStreams: number;
  readonly maxStreamsPerCaller: number;
  /** Characters of their documents and variables, of all callers and of one. */
  readonly maxStreamText: number;
  readonly maxStreamTextPerCaller: number;
  /** Values in one event. */
  readonly maxStreamValues: number;
  /** Values that one caller may be sent, on average over a minute. */
  readonly maxValuesPerSecond: number;
  /** Queries that wait for a second reading, and characters of their documents and variables. */
  readonly maxWaiting: number;
  readonly maxWaitingPerCaller: number;
  readonly maxWaitingText: number;
  readonly maxWaitingTextPerCaller: number;
  /** Open connections, of all clients and from one address. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** What the service reports about itself. */
export interface ServiceFacts {
  readonly version: string;
  /** The name of the host whose hypervisor it reads. */
  readonly host: string;
  readonly limits: Limits;
  readonly health: () => SourceHealth;
  readonly introspection: Introspection;
  /** How often everything is read for the history, in milliseconds; left out if only requests are. */
  readonly historyEvery?: number | null;
}

export const introspections = ['on', 'root', 'off'] as const;
/** Who may use introspection: all callers, the root partition, or no caller. */
export type Introspection = (typeof introspections)[number];

/** The context value of resolvers. A server may add to it. */
export interface GraphContext {
  readonly operation: OperationContext;
}

/** Reads the topology. With `lists`, the virtual processors of other partitions may be out of date. */
type ReadTopology = (lists: ReadonlySet<bigint> | null) => Topology | Promise<Topology>;

/** The topology of an operation, read once when the first field needs it. */
interface TopologyRequest {
  readonly read: ReadTopology;
  /** The partitions whose virtual processors are needed; null for all. */
  lists: ReadonlySet<bigint> | null;
  promise?: Promise<Topology>;
  known?: Topology | { readonly problem: unknown };
}

/** One operation and its caller. */
export class OperationContext {
  readonly caller: Caller;
  readonly service: ServiceFacts;
  readonly reader: SnapshotReader;
  readonly #topology: TopologyRequest;
  readonly #accessTo: AccessTo;
  #view: View | undefined;

  constructor(parts: {
    caller: Caller;
    service: ServiceFacts;
    reader: SnapshotReader;
    topology: ReadTopology | TopologyRequest;
    accessTo?: AccessTo;
  }) {
    this.caller = parts.caller;
    this.service = parts.service;
    this.reader = parts.reader;
    const { topology } = parts;
    this.#topology = typeof topology === 'function' ? { read: topology, lists: null } : topology;
    this.#accessTo = parts.accessTo ?? accessOf;
  }

  /** The topology, if it has been read successfully; else null. */
  get knownTopology(): Topology | null {
    const { known } = this.#topology;
    return known === undefined || 'problem' in known ? null : known;
  }

  /** Whether the topology has been requested. */
  get hasRequestedTopology(): boolean {
    return this.#topology.promise !== undefined || this.#topology.known !== undefined;
  }

  /** The caller's view; a promise only while the topology is being read. Throws or rejects if reading it failed. */
  view(): View | Promise<View> {
    const { known } = this.#topology;
    if (known === undefined) {
      const topology = this.#readTopology();
      if (topology instanceof Promise) return topology.then((late) => this.#viewOf(late));
      return this.#viewOf(topology);
    }
    if ('problem' in known) throw known.problem;
    return this.#viewOf(known);
  }

  /** Reads the topology with these lists from now on, again if it was read with fewer lists. */
  useLists(lists: ReadonlySet<bigint> | null): void {
    const topology = this.#topology;
    if (topology.lists === lists || (topology.lists === null && this.hasRequestedTopology)) return;
    topology.lists = lists;
    // The usual case: every operation comes here before it needs the topology.
    if (!this.hasRequestedTopology) return;
    delete topology.promise;
    delete topology.known;
    this.#view = undefined;
  }

  /** The same operation with another snapshot reader, and with its own access if one is given. */
  withReader(reader: SnapshotReader, accessTo?: AccessTo): OperationContext {
    return new OperationContext({
      caller: this.caller,
      service: this.service,
      reader,
      topology: this.#topology,
      ...(accessTo === undefined ? {} : { accessTo }),
    });
  }

  #viewOf(topology: Topology): View {
    this.#view ??= {
      access: this.#accessTo(this.caller, topology),
      reader: this.reader,
      limits: this.service.limits,
      host: this.service.host,
      sourceKind: () => this.service.health().kind,
    };
    return this.#view;
  }

  #readTopology(): Topology | Promise<Topology> {
    const topology = this.#topology;
    if (topology.promise !== undefined) return topology.promise;
    const result = topology.read(topology.lists);
    if (!(result instanceof Promise)) return (topology.known = result);
    // A read that takes time returns all lists.
    topology.lists = null;
    topology.promise = result.then(
      (known) => (topology.known = known),
      (problem: unknown) => {
        topology.known = { problem };
        throw problem;
      },
    );
    return topology.promise;
  }
}
