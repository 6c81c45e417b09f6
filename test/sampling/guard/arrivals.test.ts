import { beforeEach, describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { Arrivals } from '../../../src/sampling/guard/arrivals.ts';
import { topologyOf, type PartitionEntry } from '../../../src/snapshot/topology.ts';
import { partitionEntry } from '../../fake-source.ts';

const second = { object: 'LOGICAL_PROCESSOR', index: 1 } as const;
const partition = (partitionId: bigint) => ({ object: 'PARTITION', partitionId }) as const;
const processor = (partitionId: bigint, index: number) =>
  ({ object: 'VIRTUAL_PROCESSOR', partitionId, index }) as const;

let now: number;
let arrivals: Arrivals;
beforeEach(() => {
  now = 0;
  arrivals = new Arrivals(() => now);
});

function note(
  partitions: readonly PartitionEntry[],
  logicalProcessors: readonly number[] | HvqlError = [0],
): void {
  arrivals.noteTopology(topologyOf(logicalProcessors, partitions));
}

describe('an object', () => {
  const [root, guest] = [partitionEntry(1n, null), partitionEntry(5n, 1n, 2)];

  it('is new for a time from the first topology that lists it, if the previous one did not', () => {
    note([root]);
    expect(arrivals.isNew(partition(1n), 1_000)).toBe(false);
    now = 10_000;
    note([root, guest]);
    now = 11_000;
    for (const object of [partition(5n), processor(5n, 0), processor(5n, 1)]) {
      expect(arrivals.isNew(object, 1_000)).toBe(true);
      expect(arrivals.isNew(object, 999)).toBe(false);
    }
    expect(arrivals.isNew(partition(1n), 1_000)).toBe(false);
  });

  it('is new if it is a processor that its partition, or the host, did not have before', () => {
    note([root, guest]);
    note([root, partitionEntry(5n, 1n, 3)], [0, 1]);
    expect(arrivals.isNew(processor(5n, 2), 100)).toBe(true);
    expect(arrivals.isNew(processor(5n, 1), 100)).toBe(false);
    expect(arrivals.isNew(partition(5n), 100)).toBe(false);
    expect(arrivals.isNew(second, 100)).toBe(true);
  });

  it('is new if its partition is another one with the same id', () => {
    note([root, guest, partitionEntry(6n, 1n)]);
    note([root, guest, partitionEntry(6n, 5n)]);
    expect(arrivals.isNew(processor(6n, 0), 100)).toBe(true);
  });

  it('is not new if the previous list could not be read', () => {
    const listError = new HvqlError('PAGE_UNAVAILABLE', 'no list');
    note([root, { ...guest, virtualProcessors: [], listError }], listError);
    note([root, guest], [0, 1]);
    expect(arrivals.isNew(processor(5n, 0), 100)).toBe(false);
    expect(arrivals.isNew(second, 100)).toBe(false);
  });

  it('is no longer new after two minutes, when its arrival is dropped', () => {
    note([root]);
    note([root, guest]);
    now = 120_001;
    note([root, guest, partitionEntry(9n, 1n)]);
    expect(arrivals.isNew(partition(5n), 200_000)).toBe(false);
    expect(arrivals.isNew(partition(9n), 200_000)).toBe(true);
  });
});
