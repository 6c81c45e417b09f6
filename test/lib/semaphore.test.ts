import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../src/lib/semaphore.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const limits = { signal: new AbortController().signal, milliseconds: 60_000 };

describe('turns', () => {
  it('are given to so many at once, to the others in the order in which they came', async () => {
    const semaphore = new Semaphore(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const taken = Array.from({ length: 5 }, (_, n) =>
      semaphore.run(() => {
        begun.push(n);
        return new Promise<void>((resolve) => (ends[n] = resolve));
      }, limits),
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
    await expect(semaphore.run(async () => 'free again', limits)).resolves.toBe('free again');
  });

  it('are handed on by work that fails', async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.run(() => Promise.reject(new Error('failed')), limits);
    const next = semaphore.run(async () => 'next', limits);
    await expect(failing).rejects.toThrow('failed');
    await expect(next).resolves.toBe('next');
  });

  it('are waited for until the time is over, or the signal is aborted, and nothing of the wait is left', async () => {
    const semaphore = new Semaphore(1);
    let end = (): void => undefined;
    const long = semaphore.run(() => new Promise<void>((resolve) => (end = resolve)), limits);
    await expect(semaphore.run(never, { ...limits, milliseconds: 5 })).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'The source did not answer within 5 ms.',
    });
    const controller = new AbortController();
    const waiting = semaphore.run(never, { ...limits, signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    end();
    await long;
    // Neither of those who left was given the turn.
    await expect(semaphore.run(async () => 'mine', limits)).resolves.toBe('mine');
  });
});
