/** Which objects have appeared recently: there can be no earlier reading of them. */
import { objectKey, type ObjectName } from '../../snapshot/object-name.ts';
import type { PartitionEntry, Topology } from '../../snapshot/topology.ts';

/** Twice the default maximum time of a change. */
const keptMilliseconds = 120_000;
/** If there are more, the oldest are forgotten: then operations wait for their changes. */
const maxKept = 100_000;

/** Compares each topology with the previous one. A list that could not be read is ignored. */
export class Arrivals {
  readonly #steadyNow: () => number;
  #topology: Topology | null = null;
  /** When objects and whole partitions were first listed, by key, oldest first. */
  readonly #since = new Map<string, number>();

  /** `steadyNow` is the service's own clock, in milliseconds. */
  constructor(steadyNow: () => number) {
    this.#steadyNow = steadyNow;
  }

  noteTopology(topology: Topology): void {
    const before = this.#topology;
    // Sources give the same object while nothing changes.
    if (topology === before) return;
    this.#topology = topology;
    if (before === null) return;
    const now = this.#steadyNow();
    if (topology.listError === undefined && before.listError === undefined) {
      for (const index of addedTo(topology.logicalProcessors, before.logicalProcessors))
        this.#note(objectKey({ object: 'LOGICAL_PROCESSOR', index }), now);
    }
    for (const entry of topology.partitions)
      this.#compare(entry, { before: before.partition(entry.id), now });
    this.#forgetBefore(now - keptMilliseconds);
  }

  /** Whether the object was first listed within this time, by a topology that followed another. */
  isNew(object: ObjectName, milliseconds: number): boolean {
    const from = this.#steadyNow() - milliseconds;
    if ((this.#since.get(objectKey(object)) ?? -Infinity) >= from) return true;
    return (
      'partitionId' in object && (this.#since.get(partitionKey(object.partitionId)) ?? -Infinity) >= from
    );
  }

  #compare(
    entry: PartitionEntry,
    { before, now }: { readonly before: PartitionEntry | undefined; readonly now: number },
  ): void {
    const { id, virtualProcessors } = entry;
    if (before?.parent !== entry.parent) {
      this.#note(partitionKey(id), now);
      return;
    }
    if (entry.listError !== undefined || before.listError !== undefined) return;
    for (const index of addedTo(virtualProcessors, before.virtualProcessors))
      this.#note(objectKey({ object: 'VIRTUAL_PROCESSOR', partitionId: id, index }), now);
  }

  /** Inserted at the end, so that the first one is the oldest. */
  #note(key: string, now: number): void {
    this.#since.delete(key);
    this.#since.set(key, now);
  }

  #forgetBefore(moment: number): void {
    for (const [key, since] of this.#since) {
      if (since >= moment && this.#since.size <= maxKept) return;
      this.#since.delete(key);
    }
  }
}

function partitionKey(partitionId: bigint): string {
  return objectKey({ object: 'PARTITION', partitionId });
}

function addedTo(list: readonly number[], before: readonly number[]): readonly number[] {
  if (list === before) return [];
  const known = new Set(before);
  return list.filter((index) => !known.has(index));
}
