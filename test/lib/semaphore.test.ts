import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../src/lib/semaphore.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const limits = {
  signal: new AbortController().signal,
  milliseconds: 60_000,
  timeoutError: (milliseconds: number) => new Error(`not within ${milliseconds} ms`),
};

describe('a semaphore', () => {
  it('runs a limited number of tasks at once, and the others in the order of their calls', async () => {
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

  it('continues after a task has failed', async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.run(() => Promise.reject(new Error('failed')), limits);
    const next = semaphore.run(async () => 'next', limits);
    await expect(failing).rejects.toThrow('failed');
    await expect(next).resolves.toBe('next');
  });

  it('ends a wait at its deadline or when its signal is aborted, and keeps nothing of it', async () => {
    const semaphore = new Semaphore(1);
    let end = (): void => undefined;
    const long = semaphore.run(() => new Promise<void>((resolve) => (end = resolve)), limits);
    await expect(semaphore.run(never, { ...limits, milliseconds: 5 })).rejects.toThrow('not within 5 ms');
    const controller = new AbortController();
    const waiting = semaphore.run(never, { ...limits, signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    end();
    await long;
    // No ended wait has taken the place.
    await expect(semaphore.run(async () => 'mine', limits)).resolves.toBe('mine');
  });
});
