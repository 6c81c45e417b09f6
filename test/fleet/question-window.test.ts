import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askInWindow } from '../../src/fleet/gateway/question-window.ts';

/** Sends requests to that many hosts; the test provides the responses. `most`: the most pending requests. */
function ask({ hosts, expected, actual }: { hosts: number; expected: number; actual: number }) {
  const open: (() => void)[] = [];
  const state = { asked: 0, most: 0, isDone: false };
  const all = askInWindow(
    Array.from({ length: hosts }, (_, n) => n),
    {
      ask: () =>
        new Promise((resolve) => {
          state.asked += 1;
          open.push(() => resolve(actual));
          state.most = Math.max(state.most, open.length);
        }),
      expectedBytes: () => expected,
    },
  ).then(() => (state.isDone = true));
  /** Provides that many responses, the oldest first, and lets the next requests be sent. */
  const answer = async (count: number): Promise<void> => {
    for (const give of open.splice(0, count)) give();
    // Longer than the next hosts wait to be asked together.
    await vi.advanceTimersByTimeAsync(20);
  };
  return { state, open, answer, all };
}

describe('the requests of an operation', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are sent to all hosts at once if responses are small, so that hosts wait for second readings at the same time', () => {
    const { state } = ask({ hosts: 1_000, expected: 2_000, actual: 2_000 });
    expect(state.asked).toBe(1_000);
  });

  it('are sent to few hosts at a time if responses are large', async () => {
    const { state, open, answer, all } = ask({ hosts: 300, expected: 100_000, actual: 100_000 });
    expect(state.asked).toBe(83);
    while (open.length > 0) await answer(30);
    await all;
    expect(state).toEqual({ asked: 300, most: 83, isDone: true });
  });

  it('are adapted to the actual sizes of responses if the estimate was too low or too high', async () => {
    const low = ask({ hosts: 3_000, expected: 1_000, actual: 100_000 });
    expect(low.state.asked).toBe(1_000);
    await low.answer(950);
    expect(low.open.length).toBe(83);
    const high = ask({ hosts: 1_000, expected: 1_000_000, actual: 1_000 });
    expect(high.state.asked).toBe(25);
    await high.answer(25);
    expect(high.state.asked).toBe(1_000);
  });

  it('are sent to every host, even if a single response exceeds the limit', async () => {
    const { state, open, answer, all } = ask({ hosts: 60, expected: 1e9, actual: 0 });
    while (open.length > 0) {
      expect(open.length).toBeLessThanOrEqual(25);
      await answer(10);
    }
    await all;
    expect(state.asked).toBe(60);
    await askInWindow([], { ask: async () => 0, expectedBytes: () => 0 });
  });
});
