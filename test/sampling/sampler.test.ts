import { describe, expect, it } from 'vitest';
import { ask, errorsOf, samplerOf } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';

describe('a sampler whose source does not respond', () => {
  it('fails within the time limit, for the fields that need the source only', async () => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null)];
    source.read = () => new Promise(() => undefined);
    const sampler = samplerOf(source, 20);
    const answer = await ask({ source, sampler, query: '{ partition { name counters { gpaPages } } }' });
    expect(answer.data).toEqual({ partition: { name: 'p1', counters: null } });
    expect(errorsOf(answer)).toEqual(['partition.counters PAGE_UNAVAILABLE']);
  });
});
