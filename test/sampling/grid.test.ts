import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Granted } from '../../src/access/access.ts';
import { HvqlError } from '../../src/errors.ts';
import { Grid } from '../../src/sampling/grid.ts';
import type { Tick, TickTaker, Watcher } from '../../src/sampling/tick.ts';
import { topologyOf } from '../../src/snapshot/topology.ts';

const topology = topologyOf([], []);
const moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };

/** A watcher of this logical processor, which says so when it is let. */
function watcherOf(index: number, until: Promise<unknown> = Promise.resolve()): Watcher {
  const object = { object: 'LOGICAL_PROCESSOR', index } as unknown as Granted;
  return {
    lists: null,
    requests: () => until.then(() => [{ object, over: null }]),
    offered: () => undefined,
  };
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
          absencesBefore: 0,
          outcomes: objects.map(() => new HvqlError('PAGE_UNAVAILABLE', 'Gone.')),
        });
      },
      isOngoing: () => true,
      findHeld: () => undefined,
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

  it('gives others their turn where its takers take long, and leaves none of them out', async () => {
    let nanoseconds = 0n;
    const taken: string[] = [];
    const grid = gridOn(() => nanoseconds);
    const takers = Array.from({ length: 20 }, (_, n): TickTaker => {
      const take = (): void => {
        if (taken.length === 0) setImmediate(() => taken.push('another'));
        taken.push(`taker ${n}`);
        // Each takes 1 ms.
        nanoseconds += 1_000_000n;
      };
      return { take };
    });
    for (const taker of takers) grid.join(taker);
    await oneTick(grid);
    const names = takers.map((_, n) => `taker ${n}`);
    expect(taken).toEqual([...names.slice(0, 16), 'another', ...names.slice(16)]);
  });

  it('tells a watcher when all were offered a tick, and not those who left meanwhile', async () => {
    const offered: string[] = [];
    const grid = gridOn(() => 0n);
    const second: TickTaker = { take: () => offered.push('second') };
    const third: TickTaker = { take: () => offered.push('third') };
    grid.join({
      take: () => {
        offered.push('first');
        grid.leave(second);
      },
    });
    grid.join(second);
    grid.join(third);
    await oneTick(grid, () => offered.push('all'));
    expect(offered).toEqual(['first', 'third', 'all']);
  });
});

/** On a clock that says what it is told to. */
function gridOn(now: () => bigint): Grid {
  return new Grid({
    everyMilliseconds: 1,
    clock: { now: () => ({ wallMilliseconds: 0, monotonicNanoseconds: now() }) },
    topology: () => Promise.resolve(topology),
    read: () => Promise.resolve({ at: moment, outcomes: [], absencesBefore: 0 }),
    isOngoing: () => true,
    findHeld: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
}

/** Until one tick has been offered to all. */
async function oneTick(grid: Grid, onOffered: (tick: Tick) => void = () => undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher: Watcher = {
      lists: null,
      requests: () => Promise.resolve([]),
      offered: (tick) => {
        onOffered(tick);
        grid.remove(watcher);
        resolve();
      },
    };
    grid.add(watcher);
  });
}
