import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WriteBatcher } from '../../src/server/http/write-batcher.ts';

/** A batcher, and what it has sent. */
function opened() {
  const batcher = new WriteBatcher();
  const sent: string[] = [];
  const put = (name: string, sizeInBytes = 100): void =>
    batcher.put({ send: () => void sent.push(name), sizeInBytes });
  return { batcher: batcher, sent, put };
}

describe('responses that are ready in one turn of the event loop', () => {
  it('are sent together at its end, in order', async () => {
    const { sent, put } = opened();
    put('a');
    await Promise.resolve();
    put('b');
    expect(sent).toEqual([]);
    await turn();
    expect(sent).toEqual(['a', 'b']);
    put('c');
    await turn();
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('are sent immediately if they are many or large', async () => {
    const many = opened();
    for (let n = 0; n < 63; n += 1) many.put(String(n));
    expect(many.sent).toEqual([]);
    many.put('63');
    expect(many.sent).toHaveLength(64);
    many.put('64');
    await turn();
    expect(many.sent).toHaveLength(65);

    const much = opened();
    much.put('small');
    much.put('large', 262_144);
    expect(much.sent).toEqual(['small', 'large']);
  });

  it('are sent before more work starts, once the first of them has waited for a millisecond', () => {
    const { batcher: batcher, sent, put } = opened();
    put('a');
    const now = performance.now();
    batcher.flushIfStale(now);
    expect(sent).toEqual([]);
    batcher.flushIfStale(now + 1.5);
    expect(sent).toEqual(['a']);
  });
});
