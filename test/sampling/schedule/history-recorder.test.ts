import { describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { ask, caller } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

/** Records until it has waited this many times; the source's clock begins 300 ms after a multiple of the interval. */
async function recorded(
  source: FakeSource,
  { times, beforeWait }: { times: number; beforeWait?: (n: number) => void },
) {
  const ended = new AbortController();
  const errors: unknown[] = [];
  let waits = 0;
  source.milliseconds = 300;
  const sampler = new Sampler({
    source,
    clock: source,
    timeoutMilliseconds: 5_000,
    onError: (error) => errors.push(error),
    wait: async (milliseconds) => {
      beforeWait?.(waits);
      waits += 1;
      source.milliseconds += milliseconds;
      if (waits > times) ended.abort();
      ended.signal.throwIfAborted();
    },
  });
  await sampler.recordHistory(5_000, ended.signal);
  return { sampler, errors };
}

const query = `{
  hypervisor {
    history { at } logicalProcessors { history { at } }
    partitions { nodes { partitionId history { at } virtualProcessors { history { at } } } }
  }
}`;

/** The seconds since the start at which the objects of an answer have samples, all in one set. */
function secondsIn(data: unknown): Set<string> {
  const seconds = new Set<string>();
  JSON.stringify(data, (key, value: unknown) => {
    if (key === 'history' && Array.isArray(value))
      seconds.add(value.map(({ at }: { at: string }) => Date.parse(at) - 1_700_000_000_000).join());
    return value;
  });
  return seconds;
}

describe('a service that records its history', () => {
  it('reads the objects that any partition may read at every multiple of the interval, and no others', async () => {
    const source = new FakeSource();
    // A guest of a guest, which the root must not read.
    source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(6n, 5n)];
    const { sampler, errors } = await recorded(source, { times: 3 });
    expect(errors).toEqual([]);
    expect(source.batches).toHaveLength(3);
    for (const id of [1n, 5n, 6n]) {
      const { data } = await ask({ source, sampler, query, caller: caller(id) });
      expect(secondsIn(data)).toEqual(new Set(['5000,10000,15000']));
      const ids = data.hypervisor.partitions.nodes.map((each: { partitionId: string }) => each.partitionId);
      expect(ids).toEqual({ 1: ['1', '5'], 5: ['5', '6'], 6: ['6'] }[String(id)]);
    }
    // Seven objects of the hypervisor and the root, and two areas of each guest and its two processors.
    expect(source.batches[0]).toHaveLength(1 + 2 + 3 + 2 * 6);
  });

  it('continues while the source does not respond, and leaves a gap', async () => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null)];
    const { sampler, errors } = await recorded(source, {
      times: 4,
      beforeWait: (n) => {
        if (n === 1) source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'It does not answer.'));
        if (n === 2) source.broken.clear();
      },
    });
    expect(errors).toEqual([]);
    const { data } = await ask({ source, sampler, query: '{ partition { history { at } } }' });
    expect(secondsIn(data)).toEqual(new Set(['5000,15000,20000']));
  });
});
