/** What resolvers are given: who asks, and that one's view of what exists, taken in one look. */
import type { Access } from '../access/access.ts';
import { accessOf, type AccessTo } from '../access/access-of.ts';
import type { Caller } from '../access/caller.ts';
import type { SnapshotReader } from '../sampling/read/snapshot-reader.ts';
import type { SourceHealth } from '../sampling/sampler.ts';
import type { Topology } from '../snapshot/topology.ts';

/** What one caller may see, and the look in which all of one answer is read. */
export interface View {
  readonly access: Access;
  readonly reader: SnapshotReader;
  readonly limits: Limits;
  /** The kind of the source: 'pages'. */
  readonly sourceKind: () => string;
}

/** The bounds that a question meets. */
export interface Limits {
  /** Of the document: its tokens; and of one operation, with all fragments spread in it, the rest. */
  readonly maxTokens: number;
  readonly maxDepth: number;
  readonly maxAliases: number;
  /** Characters of one alias, which stands in the answer as often as its value does. */
  readonly maxNameLength: number;
  readonly maxDirectives: number;
  /** Bytes of the body of a request, and of a message by WebSocket. */
  readonly maxBodyBytes: number;
  /** Operations that one WebSocket may have running. */
  readonly maxOperationsPerConnection: number;
  /** Items of a list that is given as an argument. */
  readonly maxListItems: number;
  /** Values in one answer, and overlay pages that are read for it. */
  readonly maxValues: number;
  readonly maxPages: number;
  /** How long an answer may take beside the time that it was asked to wait for. */
  readonly maxTimeMilliseconds: number;
  /** Between two events of a subscription, and between two readings that growth is taken from. */
  readonly minIntervalMilliseconds: number;
  readonly maxIntervalMilliseconds: number;
  /** How long an answer waits for a second reading. */
  readonly maxWaitMilliseconds: number;
  /** Objects on one page of a connection. */
  readonly maxPageSize: number;
  /** Subscriptions that are open at once, of all callers and of one. */
  readonly maxStreams: number;
  readonly maxStreamsPerCaller: number;
  /** Characters of their documents and variables together, of all callers and of one. */
  readonly maxStreamText: number;
  readonly maxStreamTextPerCaller: number;
  /** Values in one event. */
  readonly maxStreamValues: number;
}

/** What the service says of itself. */
export interface ServiceFacts {
  readonly version: string;
  readonly limits: Limits;
  readonly health: () => SourceHealth;
  readonly introspection: Introspection;
}

export const introspections = ['on', 'root', 'off'] as const;
/** Who may ask for the schema: anybody, the root partition, nobody. */
export type Introspection = (typeof introspections)[number];

/** The context that resolvers are given: an object that a server may add to. */
export interface GraphContext {
  readonly operation: OperationContext;
}

/** Asks what exists; with `lists`, virtual processors of other partitions may be as they were. */
type ReadTopology = (lists: ReadonlySet<bigint> | null) => Topology | Promise<Topology>;

/** What exists, asked for once, when the first field needs it, and known once that has an answer. */
interface TopologyRequest {
  readonly read: ReadTopology;
  /** Whose virtual processors will be looked at, where that is known; null is everybody's. */
  lists: ReadonlySet<bigint> | null;
  promise?: Promise<Topology>;
  known?: Topology | { readonly problem: unknown };
}

/** One operation and who asks it. */
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

  /** What exists, where it has been asked for and could be said. */
  get knownTopology(): Topology | null {
    const { known } = this.#topology;
    return known === undefined || 'problem' in known ? null : known;
  }

  /** Whether what exists was asked for, whatever came of it. */
  get hasRequestedTopology(): boolean {
    return this.#topology.promise !== undefined || this.#topology.known !== undefined;
  }

  /** The caller's view; a promise only while what exists is not known. Throws, or rejects, where it cannot be. */
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

  /** What exists is asked for with these lists, and once more where it was asked with others and not with all. */
  useLists(lists: ReadonlySet<bigint> | null): void {
    const topology = this.#topology;
    if (topology.lists === lists || (topology.lists === null && this.hasRequestedTopology)) return;
    topology.lists = lists;
    // Nearly always: each question comes here.
    if (!this.hasRequestedTopology) return;
    delete topology.promise;
    delete topology.known;
    this.#view = undefined;
  }

  /** The same operation over another look, and with an access of its own where one is given. */
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
      sourceKind: () => this.service.health().kind,
    };
    return this.#view;
  }

  #readTopology(): Topology | Promise<Topology> {
    const topology = this.#topology;
    if (topology.promise !== undefined) return topology.promise;
    const result = topology.read(topology.lists);
    if (!(result instanceof Promise)) return (topology.known = result);
    // What has to be waited for tells all there is.
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
