/** The names of the objects in a topology, made once, so that they can be compared and used as keys by identity. */
import type {
  LogicalProcessorName,
  PartitionName,
  StatisticsArea,
  VirtualProcessorName,
} from './object-name.ts';
import type { PartitionEntry, Topology } from './topology.ts';

/** A partition of a topology, with its names in one area. */
export class NamedPartition {
  readonly entry: PartitionEntry;
  readonly name: PartitionName;
  readonly #area: { readonly area?: 'SELF' };
  #virtualProcessors: readonly VirtualProcessorName[] | undefined;
  #byIndex: ReadonlyMap<number, VirtualProcessorName> | undefined;

  constructor(entry: PartitionEntry, area: StatisticsArea) {
    this.entry = entry;
    this.#area = area === 'SELF' ? { area } : {};
    this.name = { object: 'PARTITION', partitionId: entry.id, ...this.#area };
  }

  /** Ascending. Created on first use, because most queries are about a few partitions. */
  get virtualProcessors(): readonly VirtualProcessorName[] {
    const { id: partitionId, virtualProcessors } = this.entry;
    return (this.#virtualProcessors ??= virtualProcessors.map((index) => ({
      object: 'VIRTUAL_PROCESSOR',
      partitionId,
      index,
      ...this.#area,
    })));
  }

  virtualProcessor(index: number): VirtualProcessorName | undefined {
    this.#byIndex ??= new Map(this.virtualProcessors.map((name) => [name.index, name]));
    return this.#byIndex.get(index);
  }
}

/** The names of a topology. The same object in the same area has the same name each time. */
export class NamedTopology {
  readonly #topology: Topology;
  #logicalProcessors: readonly LogicalProcessorName[] | undefined;
  #byIndex: ReadonlyMap<number, LogicalProcessorName> | undefined;
  readonly #partitions = {
    SELF: new Map<bigint, NamedPartition>(),
    PARENT: new Map<bigint, NamedPartition>(),
  };

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  /** Ascending. */
  get logicalProcessors(): readonly LogicalProcessorName[] {
    return (this.#logicalProcessors ??= this.#topology.logicalProcessors.map((index) => ({
      object: 'LOGICAL_PROCESSOR',
      index,
    })));
  }

  logicalProcessor(index: number): LogicalProcessorName | undefined {
    this.#byIndex ??= new Map(this.logicalProcessors.map((name) => [name.index, name]));
    return this.#byIndex.get(index);
  }

  partition(id: bigint, area: StatisticsArea): NamedPartition | undefined {
    const known = this.#partitions[area].get(id);
    if (known !== undefined) return known;
    const entry = this.#topology.partition(id);
    if (entry === undefined) return undefined;
    const partition = new NamedPartition(entry, area);
    this.#partitions[area].set(id, partition);
    return partition;
  }
}

const named = new WeakMap<Topology, NamedTopology>();

/** The names of this topology. They are kept as long as the topology. */
export function namesIn(topology: Topology): NamedTopology {
  let names = named.get(topology);
  if (names === undefined) named.set(topology, (names = new NamedTopology(topology)));
  return names;
}
