import { describe, expect, it } from 'vitest';
import { accessOf } from '../../../src/access/access.ts';
import { WantedReadsMemory } from '../../../src/sampling/schedule/wanted-reads.ts';
import type { ReadRequest } from '../../../src/sampling/read/snapshot-reader.ts';
import { topologyOf } from '../../../src/snapshot/topology.ts';
import { partitionEntry } from '../../fake-source.ts';

const caller = { partitionId: 1n, privileges: new Set(['ACCESS_STATS'] as const) };
const access = accessOf(caller, topologyOf([0, 1], [partitionEntry(1n, null, 2)]));
const [first, second] = access.logicalProcessors();

function wantedOf(...requests: readonly ReadRequest[]): readonly ReadRequest[] {
  return requests;
}

describe('the reads that the listeners of a tick request', () => {
  const one = wantedOf({ object: first ?? null, over: 'PREVIOUS_EVENT' }, { object: null, over: null });
  const other = wantedOf({ object: second ?? null, over: 2_000 }, { object: first ?? null, over: 2_000 });

  it('contain each object once, with its position, and the intervals of changes', () => {
    const { objects, numbers, overs } = new WantedReadsMemory().of([one, other]);
    expect(objects).toEqual([first, second]);
    expect([...numbers]).toEqual([
      [first, 0],
      [second, 1],
    ]);
    expect(overs).toEqual([2_000]);
  });

  it('are the same object while the lists are the same, and another one once they are not', () => {
    const memory = new WantedReadsMemory();
    const before = memory.of([one, other]);
    expect(memory.of([one, other])).toBe(before);
    expect(memory.of([one]).objects).toEqual([first]);
    expect(memory.of([other]).objects).toEqual([second, first]);
    expect(memory.of([]).objects).toEqual([]);
    expect(memory.of([one, other])).not.toBe(before);
  });
});
