/** The root objects and those that contain others, as expected for a caller. */
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { isTotal, type Counter } from '../../src/catalogue/counter.ts';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import { hypervisorName, type ObjectName } from '../../src/snapshot/object-name.ts';
import type { PartitionEntry } from '../../src/snapshot/topology.ts';
import { connectionFor } from './expected-connection.ts';
import { pageFault, type Reads } from './expected-change.ts';
import { inOrder, orderedObjects, rankOfAll } from './expected-order.ts';
import { expectedDefinitions, expectedService } from './expected-service.ts';
import {
  countersAndPage,
  fails,
  changeFields,
  listOf,
  sampledAt,
  thing,
  totalsThing,
  value,
  type Meant,
  type OverBounds,
  type Thing,
} from './expected-thing.ts';
import { globalFault, isRootCaller, partitionFault, type Situation } from './rule.ts';
import { otherHost, testHost } from '../ask.ts';

/** The caller, the host, and the times of reads. */
export interface AskedWorld extends Pick<Situation, 'caller'> {
  readonly reads: Reads;
  /** Of each global id that may have been given as an argument, what it names; null where it names nothing. */
  readonly ids: ReadonlyMap<string, ObjectName | null>;
}

/** The limits of the service that operations reach here, in milliseconds. */
const [least, mostWait, mostInterval] = [100, 60_000, 3_600_000];

/** The expected root fields. */
export function rootThing(world: AskedWorld, type: 'Query' | 'Subscription'): Thing {
  const graph = new ExpectedGraph(world);
  const root = type === 'Query' ? graph.query() : graph.subscription();
  if (root.is !== 'thing') throw new TypeError('a root is an object');
  return root.thing;
}

class ExpectedGraph {
  readonly #reads: Reads;
  readonly #situation: Situation;
  readonly #ids: AskedWorld['ids'];
  readonly #bounds: OverBounds;

  constructor({ caller, reads, ids }: AskedWorld) {
    this.#reads = reads;
    this.#situation = { caller, partitions: reads.host.partitions };
    this.#ids = ids;
    this.#bounds = { least, most: reads.previous === undefined ? mostWait : mostInterval };
  }

  query(): Meant {
    const { caller } = this.#situation;
    return thing('Query', {
      viewer: () => this.#ifListed(() => this.#viewer()),
      hypervisor: () => this.#ifListed(() => this.#hypervisor()),
      partition: ({ id }) => this.#ifListed(() => this.#partition(id ?? caller.partitionId)),
      node: ({ id }) => this.#ifListed(() => this.#node(id)),
      nodes: ({ ids }) => this.#ifListed(() => listOf(ids.map((id: string) => this.#node(id)))),
      counterDefinitions: ({ object }) =>
        expectedDefinitions(object ?? null, (counter) => this.#isReported(counter)),
      service: () => expectedService(this.#reads.host.kind),
    });
  }

  /** Whether the first object of its kind carries it; null where none can be read. */
  #isReported(counter: Counter): boolean | null {
    const { host, at } = this.#reads;
    const name = host.fails === 'topology' ? undefined : this.#firstOf(counter.object);
    if (name === undefined || pageFault(this.#reads, name, at) !== null) return null;
    return host.numberAt(name, counter, at) !== null;
  }

  #firstOf(object: Counter['object']): ObjectName | undefined {
    const { host } = this.#reads;
    const isRoot = globalFault(this.#situation) === null;
    switch (object) {
      case 'HYPERVISOR':
        return isRoot ? hypervisorName : undefined;
      case 'LOGICAL_PROCESSOR': {
        const [index] = host.logicalProcessors;
        return isRoot && index !== undefined ? { object, index } : undefined;
      }
      case 'PARTITION':
        return this.#readable().map(({ id }) => ({ object, partitionId: id }) as const)[0];
      case 'VIRTUAL_PROCESSOR':
        return this.#readable().flatMap(processorsOf)[0];
    }
  }

  subscription(): Meant {
    const ifWithin = (args: Record<string, any>, meant: () => Meant): Meant =>
      [args['every'], args['heartbeat']].every(
        (time) => time == null || (time >= least && time <= mostInterval),
      )
        ? this.#ifListed(meant)
        : fails('LIMIT_EXCEEDED');
    return thing('Subscription', {
      hypervisor: (args) => ifWithin(args, () => this.#hypervisor()),
      partition: (args) =>
        ifWithin(args, () => this.#partition(args['id'] ?? this.#situation.caller.partitionId)),
    });
  }

  #ifListed(meant: () => Meant): Meant {
    return this.#reads.host.fails === 'topology' ? fails('PAGE_UNAVAILABLE') : meant();
  }

  #viewer(): Meant {
    const { partitionId, privileges } = this.#situation.caller;
    return thing('Viewer', {
      partitionId: () => value(partitionId.toString()),
      isRoot: () => value(isRootCaller(this.#situation)),
      privileges: () =>
        value(['ACCESS_STATS', 'ACCESS_STATS_MSR'].filter((name) => privileges.has(name as never))),
      partition: () => this.#partition(partitionId),
    });
  }

  #hypervisor(): Meant {
    const fault = globalFault(this.#situation);
    const ifRoot = (meant: () => Meant): Meant => (fault === null ? meant() : fails(fault));
    const all: ObjectName[] = this.#reads.host.logicalProcessors.map((index) => ({
      object: 'LOGICAL_PROCESSOR',
      index,
    }));
    const listFault = fault ?? (this.#reads.host.hasUnlistedProcessors ? 'PAGE_UNAVAILABLE' : null);
    const own = countersAndPage(this.#reads, { name: hypervisorName, type: 'Hypervisor' });
    return thing('Hypervisor', {
      id: () => value(nodeIdOf(hypervisorName, testHost)),
      host: () => value(testHost),
      sampledAt: () => sampledAt(this.#reads),
      counters: () => ifRoot(own.counters),
      page: () => ifRoot(own.page),
      unlisted: () => ifRoot(own.unlisted),
      logicalProcessor: ({ index }) => this.#logicalProcessor(index),
      logicalProcessors: (args) => this.#processors(args, { all, listFault, missing: 'INVALID_PARAMETER' }),
      logicalProcessorTotals: () =>
        listFault === null ? this.#totals(all, 'LogicalProcessor') : fails(listFault),
      partition: ({ id }) => this.#partition(id),
      partitions: (args) => {
        const partition = (id: bigint): Meant => this.#partition(id);
        return connectionFor(args, {
          readable: this.#readable(),
          ids: this.#ids,
          partition,
          ordered: (entries, orderBy) => this.#orderedPartitions(entries, orderBy),
        });
      },
      virtualProcessors: (args) => {
        const readable = this.#readable().flatMap(processorsOf);
        return this.#processors(args, { all: readable, listFault: null, missing: '' });
      },
    });
  }

  #logicalProcessor(index: number): Meant {
    const { host } = this.#reads;
    const fault = globalFault(this.#situation);
    if (fault !== null) return fails(fault);
    if (host.hasUnlistedProcessors) return fails('PAGE_UNAVAILABLE');
    if (!host.logicalProcessors.includes(index)) return fails('INVALID_PARAMETER');
    const name: ObjectName = { object: 'LOGICAL_PROCESSOR', index };
    return thing('LogicalProcessor', {
      ...this.#common(name, 'LogicalProcessor'),
      index: () => value(index),
    });
  }

  #partition(id: bigint): Meant {
    const fault = partitionFault(this.#situation, id);
    const entry = this.#situation.partitions.find((each) => each.id === id);
    if (fault !== null || entry === undefined) return fails(fault ?? '');
    const all = processorsOf(entry);
    const listFault = entry.listError === undefined ? null : 'PAGE_UNAVAILABLE';
    return thing('Partition', {
      ...this.#common({ object: 'PARTITION', partitionId: id }, 'Partition'),
      partitionId: () => value(id.toString()),
      name: () => value(entry.name),
      isRoot: () => value(entry.parent === null),
      parent: () => (entry.parent === null ? value(null) : this.#partition(entry.parent)),
      virtualProcessor: ({ index }) => this.#virtualProcessor(entry, index),
      virtualProcessors: (args) => this.#processors(args, { all, listFault, missing: 'INVALID_VP_INDEX' }),
      virtualProcessorTotals: () =>
        listFault === null ? this.#totals(all, 'VirtualProcessor') : fails(listFault),
    });
  }

  #virtualProcessor(entry: PartitionEntry, index: number): Meant {
    if (entry.listError !== undefined) return fails('PAGE_UNAVAILABLE');
    if (!entry.virtualProcessors.includes(index)) return fails('INVALID_VP_INDEX');
    const name: ObjectName = { object: 'VIRTUAL_PROCESSOR', partitionId: entry.id, index };
    return thing('VirtualProcessor', {
      ...this.#common(name, 'VirtualProcessor'),
      index: () => value(index),
      partition: () => this.#partition(entry.id),
    });
  }

  #common(name: ObjectName, type: string) {
    const of = { reads: this.#reads, bounds: this.#bounds, name, type };
    const own = { id: () => value(nodeIdOf(name, testHost)), host: () => value(testHost) };
    return { ...own, ...countersAndPage(this.#reads, of), ...changeFields(of) };
  }

  #totals(names: readonly ObjectName[], type: string): Meant {
    return totalsThing({ reads: this.#reads, bounds: this.#bounds, names, type });
  }

  /** By the same rules as for any other path. */
  #node(id: string): Meant {
    const name = this.#ids.get(id) ?? null;
    if (name !== null) return this.#named(name);
    const isOfOtherHost = Buffer.from(id, 'base64url').toString().includes(`:${otherHost}:`);
    return fails(isOfOtherHost ? 'NOT_FOUND' : 'INVALID_PARAMETER');
  }

  #named(name: ObjectName): Meant {
    switch (name.object) {
      case 'HYPERVISOR':
        return this.#hypervisor();
      case 'LOGICAL_PROCESSOR':
        return this.#logicalProcessor(name.index);
      case 'PARTITION':
        return this.#partition(name.partitionId);
      case 'VIRTUAL_PROCESSOR': {
        const fault = partitionFault(this.#situation, name.partitionId);
        const entry = this.#situation.partitions.find((each) => each.id === name.partitionId);
        if (fault !== null || entry === undefined) return fails(fault ?? '');
        return this.#virtualProcessor(entry, name.index);
      }
    }
  }

  /** A list of processors: what exists of it, why it cannot be listed, and the error for a missing index. */
  #processors(
    { indexes, orderBy, first }: Record<string, any>,
    of: { all: readonly ObjectName[]; listFault: string | null; missing: string },
  ): Meant {
    const { all, listFault, missing } = of;
    const counter = orderBy == null ? null : this.#orderCounter(of, orderBy.counter);
    const by = counter === null ? null : (orderBy.by ?? (isTotal(counter) ? 'RATE' : 'VALUE'));
    const wanted = indexes == null ? null : [...new Set<number>(indexes)].sort((a, b) => a - b);
    const chosen =
      wanted === null ? all : wanted.flatMap((index) => all.filter((name) => indexOf(name) === index));
    const codes = [
      ...(first != null && first < 0 ? ['INVALID_PARAMETER'] : []),
      ...(counter !== null && by !== 'VALUE' && !isTotal(counter) ? ['INVALID_PARAMETER'] : []),
      ...(listFault === null ? [] : [listFault]),
    ];
    if (codes.length > 0) return fails(...codes);
    const named = (names: readonly ObjectName[]): Meant[] => names.map((name) => this.#named(name));
    // An index that does not exist fails alone.
    const place = (index: number): Meant => {
      const name = chosen.find((each) => indexOf(each) === index);
      return name === undefined ? fails(missing) : this.#named(name);
    };
    if (counter === null) {
      const all = wanted === null ? named(chosen) : wanted.map(place);
      return listOf(all.slice(0, first ?? undefined));
    }
    const ordered = named(orderedObjects(this.#reads, { names: chosen, order: { ...orderBy, by, counter } }));
    const absent = Array.from({ length: (wanted?.length ?? 0) - chosen.length }, () => fails(missing));
    return listOf([...ordered, ...(wanted === null ? [] : absent)].slice(0, first ?? undefined));
  }

  /** Enum values stand for the counter's place among those of its kind of object. */
  #orderCounter({ missing }: { missing: string }, slot: number): Counter {
    const counter = countersOf(missing === 'INVALID_PARAMETER' ? 'LOGICAL_PROCESSOR' : 'VIRTUAL_PROCESSOR')[
      slot
    ];
    if (counter === undefined) throw new TypeError(`there is no counter ${slot}`);
    return counter;
  }

  /** By their own counter, or by those of their virtual processors together; null where the counter has no such view. */
  #orderedPartitions(
    entries: readonly PartitionEntry[],
    { virtualProcessors, partition }: Record<string, any>,
  ): PartitionEntry[] | null {
    const asked = virtualProcessors ?? partition;
    const isOwn = virtualProcessors == null;
    const counter = countersOf(isOwn ? 'PARTITION' : 'VIRTUAL_PROCESSOR')[asked.counter];
    if (counter === undefined) throw new TypeError(`there is no counter ${asked.counter}`);
    const by = asked.by ?? (isTotal(counter) ? 'RATE' : 'VALUE');
    if (by !== 'VALUE' && !isTotal(counter)) return null;
    const order = { counter, by, direction: asked.direction };
    if (isOwn) {
      const names = entries.map(({ id }) => ({ object: 'PARTITION', partitionId: id }) as const);
      const ordered = orderedObjects(this.#reads, { names, order });
      return ordered.flatMap(
        (name) => entries.find(({ id }) => 'partitionId' in name && name.partitionId === id) ?? [],
      );
    }
    const ranked = entries.map((entry) => ({
      entry,
      rank: rankOfAll(this.#reads, { names: processorsOf(entry), order }),
    }));
    return inOrder(ranked, order.direction).map(({ entry }) => entry);
  }

  #readable(): PartitionEntry[] {
    return this.#situation.partitions
      .filter(({ id }) => partitionFault(this.#situation, id) === null)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function processorsOf({ id, virtualProcessors }: PartitionEntry): ObjectName[] {
  return virtualProcessors.map((index) => ({ object: 'VIRTUAL_PROCESSOR', partitionId: id, index }));
}

function indexOf(name: ObjectName): number | null {
  return 'index' in name ? name.index : null;
}
