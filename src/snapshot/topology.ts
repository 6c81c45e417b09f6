/** Which objects exist, and whose child a partition is. */

/** A partition and its virtual processors. */
export interface PartitionEntry {
  readonly id: bigint;
  /** null for the root partition, the one without a parent. */
  readonly parent: bigint | null;
  readonly name: string | null;
  /** Indexes of its virtual processors, ascending. */
  readonly virtualProcessors: readonly number[];
}

/** What exists at one moment. */
export interface Topology {
  /** Indexes of the logical processors, ascending. */
  readonly logicalProcessors: readonly number[];
  /** By ascending id. */
  readonly partitions: readonly PartitionEntry[];
  partition(id: bigint): PartitionEntry | undefined;
}

/** A topology of these entries, in whatever order they come. */
export function topologyOf(
  logicalProcessors: readonly number[],
  partitions: readonly PartitionEntry[],
): Topology {
  const byId = new Map(partitions.map((partition) => [partition.id, partition]));
  return {
    logicalProcessors: logicalProcessors.toSorted((a, b) => a - b),
    partitions: partitions.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    partition: (id) => byId.get(id),
  };
}
