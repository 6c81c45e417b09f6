/** Which objects exist, and the parent of each partition. */
import { HvqlError } from '../errors.ts';

/** A partition and its virtual processors. */
export interface PartitionEntry {
  readonly id: bigint;
  /** null for the root partition, the one without a parent. */
  readonly parent: bigint | null;
  readonly name: string | null;
  /** Indexes of its virtual processors, ascending. */
  readonly virtualProcessors: readonly number[];
  /** Why they could not be listed. The list is empty then. */
  readonly listError?: HvqlError;
}

/** What exists at one moment. */
export interface Topology {
  /** Indexes of the logical processors, ascending. */
  readonly logicalProcessors: readonly number[];
  /** Why they could not be listed. The list is empty then. */
  readonly listError?: HvqlError;
  /** By ascending id. */
  readonly partitions: readonly PartitionEntry[];
  partition(id: bigint): PartitionEntry | undefined;
}

/** A topology of these entries, in any order; with an error in place of processors that could not be listed. */
export function topologyOf(
  logicalProcessors: readonly number[] | HvqlError,
  partitions: readonly PartitionEntry[],
): Topology {
  const byId = new Map(partitions.map((partition) => [partition.id, partition]));
  const listed = logicalProcessors instanceof HvqlError ? [] : logicalProcessors;
  return {
    logicalProcessors: listed.toSorted((a, b) => a - b),
    ...(logicalProcessors instanceof HvqlError ? { listError: logicalProcessors } : {}),
    partitions: partitions.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    partition: (id) => byId.get(id),
  };
}

/**
 * The latest topology if the next one is equal to it, so that plans made for it stay valid while nothing changes.
 * Errors are equal if their codes and messages are.
 */
export function sameOrNext(latest: Topology | undefined, next: Topology): Topology {
  return latest !== undefined && isSameTopology(latest, next) ? latest : next;
}

function isSameTopology(a: Topology, b: Topology): boolean {
  return (
    isSameList(a.logicalProcessors, b.logicalProcessors) &&
    isSameError(a.listError, b.listError) &&
    a.partitions.length === b.partitions.length &&
    a.partitions.every((entry, n) => isSameEntry(entry, b.partitions[n]))
  );
}

function isSameEntry(a: PartitionEntry, b: PartitionEntry | undefined): boolean {
  return (
    a.id === b?.id &&
    a.parent === b.parent &&
    a.name === b.name &&
    isSameList(a.virtualProcessors, b.virtualProcessors) &&
    isSameError(a.listError, b.listError)
  );
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((index, n) => index === b[n]));
}

function isSameError(a: HvqlError | undefined, b: HvqlError | undefined): boolean {
  return a?.code === b?.code && a?.message === b?.message;
}
