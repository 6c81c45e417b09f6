import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Granted } from '../../src/access/access.ts';
import { HvqlError } from '../../src/errors.ts';
import { Grid } from '../../src/sampling/grid.ts';
import type { Watcher } from '../../src/sampling/tick.ts';
import { topologyOf } from '../../src/snapshot/topology.ts';

const topology = topologyOf([], []);
const moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };

/** A watcher of this logical processor, which says so when it is let. */
function watcherOf(index: number, until: Promise<unknown> = Promise.resolve()): Watcher {
  const object = { object: 'LOGICAL_PROCESSOR', index } as unknown as Granted;
  return { lists: null, requests: () => until.then(() => [{ object, over: null }]), take: () => undefined };
}

describe('a grid', () => {
  it('does not look for a newcomer that has left, so that the next one gets no look of a grid that has stopped', async () => {
    const looks: number[] = [];
    const grid = new Grid({
      everyMilliseconds: 60_000,
      clock: { now: () => moment },
      topology: (signal) =>
        signal.aborted ? Promise.reject(new Error('stopped')) : Promise.resolve(topology),
      read: (objects) => {
        looks.push(objects.length);
        return Promise.resolve({
          at: moment,
          outcomes: objects.map(() => new HvqlError('PAGE_UNAVAILABLE', 'Gone.')),
        });
      },
      onError: () => undefined,
    });
    const first = watcherOf(1);
    grid.add(first);
    await grid.lookNow(first);
    let letGo: () => void = () => undefined;
    const second = watcherOf(2, new Promise<void>((resolve) => (letGo = resolve)));
    grid.add(second);
    const waiting = grid.lookNow(second);
    grid.remove(first);
    grid.remove(second);
    letGo();
    await waiting;
    await turn();
    const third = watcherOf(3);
    grid.add(third);
    expect((await grid.lookNow(third)).topology).toBe(topology);
    expect(looks).toEqual([1, 1]);
    grid.remove(third);
  });

  it('gives others their turn where its watchers take long, and leaves none of them out', async () => {
    let nanoseconds = 0n;
    const clock = { now: () => ({ wallMilliseconds: 0, monotonicNanoseconds: nanoseconds }) };
    const taken: string[] = [];
    let hasAll: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (hasAll = resolve));
    const grid = new Grid({
      everyMilliseconds: 1,
      clock,
      topology: () => Promise.resolve(topology),
      read: () => Promise.resolve({ at: moment, outcomes: [] }),
      onError: (error) => taken.push(String(error)),
    });
    const watchers = Array.from({ length: 6 }, (_, n): Watcher => {
      const take = (): void => {
        if (taken.length === 0) setImmediate(() => taken.push('another'));
        taken.push(`watcher ${n}`);
        // Each takes 4 ms.
        nanoseconds += 4_000_000n;
        if (n === 5) hasAll();
      };
      return { lists: null, requests: () => Promise.resolve([]), take };
    });
    for (const watcher of watchers) grid.add(watcher);
    await all;
    for (const watcher of watchers) grid.remove(watcher);
    expect(taken).toEqual([
      'watcher 0',
      'watcher 1',
      'watcher 2',
      'another',
      'watcher 3',
      'watcher 4',
      'watcher 5',
    ]);
  });
});
