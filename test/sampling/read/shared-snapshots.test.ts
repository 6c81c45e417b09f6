import { beforeEach, describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { ReadPlan } from '../../../src/sampling/read/snapshot-reader.ts';
import { ask, caller, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(9n, 1n)];
});
const query = '{ partition { name sampledAt counters { virtualProcessors } } }';

describe('operations that begin in one turn of the event loop', () => {
  it('share one read of the source, each page once, and each gets what it selected', async () => {
    const sampler = samplerOf(source);
    source.value = (_counter, name) => ('partitionId' in name ? name.partitionId * 100n : 0n);
    const callers = [1n, 5n, 5n, 9n].map((id) => caller(id));
    const answers = await Promise.all(callers.map((each) => ask({ source, sampler, query, caller: each })));
    expect(source.batches).toEqual([['partition/1', 'partition/5', 'partition/9']]);
    expect(answers.map(({ data }) => data.partition.counters.virtualProcessors)).toEqual([
      '100',
      '500',
      '500',
      '900',
    ]);
    expect(new Set(answers.map(({ data }) => data.partition.sampledAt)).size).toBe(1);
  });

  it('fail separately if one of the pages is broken, and together if the source fails', async () => {
    const sampler = samplerOf(source);
    source.broken.set('partition/5', new HvqlError('PAGE_UNAVAILABLE', 'This page is gone.'));
    const both = () => Promise.all([1n, 5n].map((id) => ask({ source, sampler, query, caller: caller(id) })));
    expect((await both()).map(({ errors }) => errors?.length ?? 0)).toEqual([0, 1]);
    source.read = () => Promise.reject(new Error('all is gone'));
    expect((await both()).map(({ errors }) => errors?.[0]?.extensions['code'])).toEqual([
      'PAGE_UNAVAILABLE',
      'PAGE_UNAVAILABLE',
    ]);
  });

  it('end with their own caller, and the read ends with the last of them', async () => {
    const sampler = samplerOf(source);
    const signals: AbortSignal[] = [];
    source.read = (_objects: unknown, signal?: AbortSignal) => {
      if (signal !== undefined) signals.push(signal);
      return new Promise(() => {});
    };
    const gone = [new AbortController(), new AbortController()];
    const reason = new Error('the client has left');
    const plan = new ReadPlan([{ object: null, over: null }]);
    const snapshots = gone.map(async (controller) => sampler.readerFor(controller).readAhead(plan));
    const ends = snapshots.map((read) => read.then(() => 'read').catch((thrown: unknown) => thrown));
    await new Promise((resolve) => setImmediate(resolve));
    gone[0]?.abort(reason);
    expect(await ends[0]).toBe(reason);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    gone[1]?.abort(reason);
    expect(await ends[1]).toBe(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
