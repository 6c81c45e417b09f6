import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LoopHolds, type LoopHold } from '../../../src/sampling/schedule/loop-holds.ts';

let holds: LoopHolds;
let found: LoopHold[];
let spentMilliseconds: number;
let stop: () => void;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  spentMilliseconds = 0;
  vi.spyOn(process, 'cpuUsage').mockImplementation(() => ({ user: spentMilliseconds * 1_000, system: 0 }));
  holds = new LoopHolds();
  found = [];
  stop = holds.watch((hold) => found.push(hold));
});
afterEach(() => {
  stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A turn of the event loop in which the process runs for a while; the timer is late by that. */
function turn(milliseconds: number, spent = milliseconds): void {
  spentMilliseconds += spent;
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + milliseconds);
  holds.endTurn();
}

const named = (operationName: string | null, query = '{ __typename }') => ({
  caller: { partitionId: 5n },
  operationName,
  operation: { query },
});

describe('work that blocks the event loop', () => {
  it.each([
    ['its name', 'Long', 'Long'],
    ['the digest of its document', null, /^sha256:[0-9a-f]{64}$/],
  ])('is reported with its caller and %s, although other work has begun since', (_title, name, operation) => {
    holds.begin(named(name));
    turn(1_250);
    holds.begin(named('Next'));
    vi.advanceTimersByTime(250);
    const shown: unknown = typeof operation === 'string' ? operation : expect.stringMatching(operation);
    expect(found).toEqual([{ milliseconds: 1_000, caller: '5', operation: shown }]);
  });

  it('is not reported if it was short, or if the process itself did not run', () => {
    holds.begin(named('Short'));
    turn(1_200);
    vi.advanceTimersByTime(250);
    holds.begin(named('Starved'));
    turn(60_000, 100);
    vi.advanceTimersByTime(250);
    expect(found).toEqual([]);
  });
});
