/** Validates a topology from a source. */
import { HvqlError } from '../../errors.ts';
import { maxUInt64 } from '../../catalogue/counter.ts';

/** Ten times the size of the largest hosts. */
const maxObjects = 100_000;
/** The largest value of GraphQL's Int. */
const maxIndex = 0x7fff_ffff;

/** What makes this an invalid topology; null if it is valid. Lists that are far too long are not walked through. */
export function topologyProblem(answer: unknown): string | null {
  if (!isRecord(answer)) return 'the topology is missing';
  const { logicalProcessors, partitions, listError } = answer;
  if (!Array.isArray(logicalProcessors) || !Array.isArray(partitions)) return 'the topology has no lists';
  if (typeof answer['partition'] !== 'function') return 'the topology cannot find partitions';
  if (!isErrorOrNone(listError)) return 'listError of the topology is not a PAGE_UNAVAILABLE error';
  let objects = logicalProcessors.length + partitions.length;
  if (objects > maxObjects) return tooMany;
  if (!areIndexes(logicalProcessors)) return 'the logical processors are not ascending indexes';

  let before = 0n;
  let roots = 0;
  for (const entry of partitions as unknown[]) {
    const problem = entryProblem(entry);
    if (problem !== null) return problem;
    const { id, parent, virtualProcessors } = entry as Entry;
    if (id <= before) return `partition ${id} comes after ${before}`;
    before = id;
    if (parent === null) roots += 1;
    objects += virtualProcessors.length;
    if (objects > maxObjects) return tooMany;
    if (!areIndexes(virtualProcessors))
      return `the virtual processors of partition ${id} are not ascending indexes`;
    // Called as a method, because it may need `this`.
    if ((answer as unknown as Finder).partition(id) !== entry)
      return `partition ${id} is not found by its id`;
  }
  // Access rights depend on which partition is the root.
  return roots > 1 ? `${roots} partitions have no parent, but only the root has none` : null;
}

interface Entry {
  readonly id: bigint;
  readonly parent: bigint | null;
  readonly virtualProcessors: readonly unknown[];
}

interface Finder {
  partition(id: bigint): unknown;
}

const tooMany = `there are more than ${maxObjects} objects`;

function entryProblem(entry: unknown): string | null {
  if (!isRecord(entry)) return 'a partition is not an object';
  const { id, parent, name, virtualProcessors, listError } = entry;
  if (!isPartitionId(id)) return 'a partition has no valid id';
  if (parent !== null && !isPartitionId(parent)) return `the parent of partition ${id} is not a valid id`;
  if (name !== null && typeof name !== 'string') return `the name of partition ${id} is not a string`;
  if (!Array.isArray(virtualProcessors)) return `partition ${id} has no list of virtual processors`;
  if (!isErrorOrNone(listError)) return `listError of partition ${id} is not a PAGE_UNAVAILABLE error`;
  return null;
}

function isPartitionId(value: unknown): value is bigint {
  return typeof value === 'bigint' && value > 0n && value <= maxUInt64;
}

function areIndexes(list: readonly unknown[]): boolean {
  let before = -1;
  for (const index of list) {
    if (typeof index !== 'number' || !Number.isInteger(index) || index <= before || index > maxIndex)
      return false;
    before = index;
  }
  return true;
}

function isErrorOrNone(value: unknown): boolean {
  return value === undefined || (value instanceof HvqlError && value.code === 'PAGE_UNAVAILABLE');
}

/** Whether something may have properties. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
