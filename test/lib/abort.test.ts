import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withinDeadline } from '../../src/lib/abort.ts';
import { ask, errorsOf, samplerOf } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('work that never ends', () => {
  it('is waited for no longer than its time, and is told so by its signal', async () => {
    const { signal } = new AbortController();
    let told: AbortSignal | undefined;
    const work = (own: AbortSignal): Promise<never> => {
      told = own;
      return never();
    };
    await expect(withinDeadline(work, { signal, milliseconds: 5 })).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'The source did not answer within 5 ms.',
    });
    expect(told?.aborted).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is waited for no longer than its caller waits', async () => {
    const controller = new AbortController();
    const waiting = withinDeadline(never, { signal: controller.signal, milliseconds: 60_000 });
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});

describe('a source that hangs', () => {
  it('fails what needs it within the time limit, and nothing else', async () => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null)];
    source.read = never;
    const sampler = samplerOf(source, 20);
    const answer = await ask({ source, sampler, query: '{ partition { name counters { gpaPages } } }' });
    expect(answer.data).toEqual({ partition: { name: 'p1', counters: null } });
    expect(errorsOf(answer)).toEqual(['partition.counters PAGE_UNAVAILABLE']);
  });
});
