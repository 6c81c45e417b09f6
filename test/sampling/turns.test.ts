import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/sampling/turns.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const patience = { signal: new AbortController().signal, milliseconds: 60_000 };

describe('turns', () => {
  it('are given to so many at once, to the others in the order in which they came', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const taken = Array.from({ length: 5 }, (_, n) =>
      turns.take(() => {
        begun.push(n);
        return new Promise<void>((resolve) => (ends[n] = resolve));
      }, patience),
    );
    expect(begun).toEqual([0, 1]);
    for (const [n, all] of [
      [1, [0, 1, 2]],
      [0, [0, 1, 2, 3]],
      [3, [0, 1, 2, 3, 4]],
    ] as const) {
      ends[n]?.();
      await taken[n];
      await new Promise<void>((resolve) => setImmediate(resolve));
      expect(begun).toEqual(all);
    }
    ends[2]?.();
    ends[4]?.();
    await Promise.all(taken);
    await expect(turns.take(async () => 'free again', patience)).resolves.toBe('free again');
  });

  it('are handed on by work that fails', async () => {
    const turns = new Turns(1);
    const failing = turns.take(() => Promise.reject(new Error('failed')), patience);
    const next = turns.take(async () => 'next', patience);
    await expect(failing).rejects.toThrow('failed');
    await expect(next).resolves.toBe('next');
  });

  it('are waited for until the time is over, or the signal is aborted, and nothing of the wait is left', async () => {
    const turns = new Turns(1);
    let end = (): void => undefined;
    const long = turns.take(() => new Promise<void>((resolve) => (end = resolve)), patience);
    await expect(turns.take(never, { ...patience, milliseconds: 5 })).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'The source did not answer within 5 ms.',
    });
    const controller = new AbortController();
    const waiting = turns.take(never, { ...patience, signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    end();
    await long;
    // Neither of those who left was given the turn.
    await expect(turns.take(async () => 'mine', patience)).resolves.toBe('mine');
  });
});
