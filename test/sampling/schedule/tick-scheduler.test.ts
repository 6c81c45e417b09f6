import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Granted } from '../../../src/access/access.ts';
import { HvqlError } from '../../../src/errors.ts';
import { TickScheduler } from '../../../src/sampling/schedule/tick-scheduler.ts';
import type { Tick, TickListener, Watcher } from '../../../src/sampling/schedule/tick.ts';
import { topologyOf } from '../../../src/snapshot/topology.ts';

const topology = topologyOf([], []);
const moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };

/** A watcher of this logical processor, whose requests are ready after `until`. */
function watcherOf(index: number, until: Promise<unknown> = Promise.resolve()): Watcher {
  const object = { object: 'LOGICAL_PROCESSOR', index } as unknown as Granted;
  return {
    lists: null,
    requests: () => until.then(() => [{ object, over: null }]),
    offered: () => undefined,
  };
}

describe('a tick scheduler', () => {
  it('takes no tick for a removed listener, and a later listener gets a tick although the scheduler was stopped before', async () => {
    const reads: number[] = [];
    const scheduler = new TickScheduler({
      everyMilliseconds: 60_000,
      clock: { now: () => moment },
      topology: (signal) =>
        signal.aborted ? Promise.reject(new Error('stopped')) : Promise.resolve(topology),
      read: (objects) => {
        reads.push(objects.length);
        return Promise.resolve({
          at: moment,
          absencesBefore: 0,
          outcomes: objects.map(() => new HvqlError('PAGE_UNAVAILABLE', 'Gone.')),
        });
      },
      isOngoing: () => true,
      findHeld: () => undefined,
      snapshotMemory: { take: () => true, give: () => undefined },
      onError: () => undefined,
    });
    const first = watcherOf(1);
    scheduler.add(first);
    await scheduler.firstTick(first);
    let letGo: () => void = () => undefined;
    const second = watcherOf(2, new Promise<void>((resolve) => (letGo = resolve)));
    scheduler.add(second);
    const waiting = scheduler.firstTick(second);
    scheduler.remove(first);
    scheduler.remove(second);
    letGo();
    await waiting;
    await turn();
    const third = watcherOf(3);
    scheduler.add(third);
    expect((await scheduler.firstTick(third)).topology).toBe(topology);
    expect(reads).toEqual([1, 1]);
    scheduler.remove(third);
  });

  it('lets other work run while its listeners take long, and calls all of them', async () => {
    let nanoseconds = 0n;
    const taken: string[] = [];
    const scheduler = schedulerOn(() => nanoseconds);
    const listeners = Array.from({ length: 20 }, (_, n): TickListener => {
      const take = (): void => {
        if (taken.length === 0) setImmediate(() => taken.push('another'));
        taken.push(`listener ${n}`);
        // Each takes 1 ms.
        nanoseconds += 1_000_000n;
      };
      return { onTick: take };
    });
    for (const listener of listeners) scheduler.addListener(listener);
    await oneTick(scheduler);
    const names = listeners.map((_, n) => `listener ${n}`);
    expect(taken).toEqual([...names.slice(0, 16), 'another', ...names.slice(16)]);
  });

  it('calls a listener after a tick was offered to all, unless it was removed meanwhile', async () => {
    const offered: string[] = [];
    const scheduler = schedulerOn(() => 0n);
    const second: TickListener = { onTick: () => offered.push('second') };
    const third: TickListener = { onTick: () => offered.push('third') };
    scheduler.addListener({
      onTick: () => {
        offered.push('first');
        scheduler.removeListener(second);
      },
    });
    scheduler.addListener(second);
    scheduler.addListener(third);
    await oneTick(scheduler, () => offered.push('all'));
    expect(offered).toEqual(['first', 'third', 'all']);
  });
});

/** On a clock that the test sets. */
function schedulerOn(now: () => bigint): TickScheduler {
  return new TickScheduler({
    everyMilliseconds: 1,
    clock: { now: () => ({ wallMilliseconds: 0, monotonicNanoseconds: now() }) },
    topology: () => Promise.resolve(topology),
    read: () => Promise.resolve({ at: moment, outcomes: [], absencesBefore: 0 }),
    isOngoing: () => true,
    findHeld: () => undefined,
    snapshotMemory: { take: () => true, give: () => undefined },
    onError: (error) => {
      throw error;
    },
  });
}

/** Waits until one tick has been offered to all. */
async function oneTick(
  scheduler: TickScheduler,
  onOffered: (tick: Tick) => void = () => undefined,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher: Watcher = {
      lists: null,
      requests: () => Promise.resolve([]),
      offered: (tick) => {
        onOffered(tick);
        scheduler.remove(watcher);
        resolve();
      },
    };
    scheduler.add(watcher);
  });
}
