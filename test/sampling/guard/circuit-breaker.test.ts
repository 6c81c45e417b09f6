import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { CircuitBreaker } from '../../../src/sampling/guard/circuit-breaker.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const gone = new HvqlError('PAGE_UNAVAILABLE', 'The folder is gone.', { reason: 'ENOENT' });

/** The result of a call, or the message of its error. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

let changes: (string | null)[];
let breaker: CircuitBreaker;
/** How many times the source was called. */
let calls: number;
/** What a call of the source does. */
let source: () => Promise<unknown>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  changes = [];
  calls = 0;
  source = async () => 'an answer';
  breaker = new CircuitBreaker({
    limitMilliseconds: 1000,
    onHealthChange: (failure) => changes.push(failure === null ? null : failure.message),
  });
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const call = (signal = new AbortController().signal): Promise<unknown> =>
  breaker.call(() => {
    calls += 1;
    return source();
  }, signal);

/** Calls until the breaker opens. */
async function fail(): Promise<void> {
  const before = calls;
  source = () => Promise.reject(gone);
  for (let n = 0; n < 3; n += 1) expect(await outcomeOf(call())).toContain('The folder is gone.');
  expect(calls).toBe(before + 3);
}

describe('a source that fails three times in a row', () => {
  it('is not called, and callers immediately get an error with the number of failures, the last error and the time of the next attempt', async () => {
    await fail();
    vi.advanceTimersByTime(100);
    await expect(call()).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message:
        'The source has failed 3 times in a row, the last time with: The folder is gone. A new attempt is possible in 150 ms.',
      extensions: { code: 'PAGE_UNAVAILABLE', reason: 'ENOENT', failures: 3, retryInMilliseconds: 150 },
    });
    expect(calls).toBe(3);
  });

  it('is tried once after 250 ms, after twice as long after each failed trial, and after at most 5 s', async () => {
    await fail();
    for (const pause of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
      const before = calls;
      vi.advanceTimersByTime(pause - 1);
      expect(await outcomeOf(call())).toContain('A new attempt is possible in 1 ms.');
      expect(calls).toBe(before);
      vi.advanceTimersByTime(1);
      for (const _trialAndRefusal of [1, 2])
        expect(await outcomeOf(call())).toContain(`The source has failed ${before + 1} times in a row`);
      expect(calls).toBe(before + 1);
    }
  });

  it('is not tried if there are no calls', async () => {
    await fail();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect([calls, vi.getTimerCount()]).toEqual([3, 0]);
  });

  it('is tried by one caller, while the others are refused', async () => {
    await fail();
    vi.advanceTimersByTime(250);
    let answer: (value: unknown) => void = () => undefined;
    source = () => new Promise((resolve) => (answer = resolve));
    const trial = call();
    await expect(call()).rejects.toMatchObject({
      message: expect.stringMatching(/A new attempt is possible now\.$/),
      extensions: { failures: 3, retryInMilliseconds: 250 },
    });
    expect(calls).toBe(4);
    answer('an answer');
    await expect(trial).resolves.toBe('an answer');
    expect(breaker.isFailing).toBe(false);
  });

  it('is called for all again after the first success, and its next pause is 250 ms again', async () => {
    await fail();
    vi.advanceTimersByTime(250);
    await outcomeOf(call());
    vi.advanceTimersByTime(500);
    source = async () => 'an answer';
    expect(await Promise.all([call()])).toEqual(['an answer']);
    expect(await Promise.all([call(), call(), call()])).toEqual(['an answer', 'an answer', 'an answer']);
    await fail();
    expect(await outcomeOf(call())).toContain('A new attempt is possible in 250 ms.');
  });

  it('is tried to the end, even if the caller of the trial aborts', async () => {
    await fail();
    vi.advanceTimersByTime(250);
    let answer: (value: unknown) => void = () => undefined;
    source = () => new Promise((resolve) => (answer = resolve));
    const controller = new AbortController();
    const trial = call(controller.signal);
    controller.abort(new Error('I left'));
    expect(await outcomeOf(trial)).toBe('I left');
    expect(await outcomeOf(call())).toContain('A new attempt is possible now.');
    answer('an answer');
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.isFailing).toBe(false);
    source = async () => 'another';
    await expect(call()).resolves.toBe('another');
  });

  it('is not affected by the results of calls that began before the breaker opened', async () => {
    const ends: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
    source = () => new Promise((resolve, reject) => ends.push({ resolve, reject }));
    const old = [call(), call()].map(outcomeOf);
    await fail();
    vi.advanceTimersByTime(250);
    source = () => new Promise((resolve, reject) => ends.push({ resolve, reject }));
    const trial = call();
    ends[0]?.reject(new Error('late'));
    ends[1]?.resolve('late answer');
    expect(await Promise.all(old)).toEqual(['The source failed unexpectedly.', 'late answer']);
    expect(changes).toEqual(['The folder is gone.']);
    ends[2]?.resolve('an answer');
    await trial;
    source = async () => 'all is well';
    await expect(call()).resolves.toBe('all is well');
  });

  it('does not pause for longer when the wall clock is set back', async () => {
    await fail();
    vi.setSystemTime(Date.now() - 3_600_000);
    source = async () => 'an answer';
    await expect(call()).resolves.toBe('an answer');
  });

  it('reports each change of its health once: when it stops responding, and when it responds again', async () => {
    await call();
    await fail();
    await outcomeOf(call());
    vi.advanceTimersByTime(250);
    await outcomeOf(call());
    expect(changes).toEqual(['The folder is gone.']);
    vi.advanceTimersByTime(500);
    source = async () => 'an answer';
    await call();
    await call();
    expect(changes).toEqual(['The folder is gone.', null]);
  });
});

describe('a source that fails occasionally', () => {
  it('is called for all callers', async () => {
    for (let n = 0; n < 30; n += 1) {
      source = () => (n % 3 === 2 ? Promise.resolve('an answer') : Promise.reject(gone));
      expect(await outcomeOf(call())).toBe(n % 3 === 2 ? 'an answer' : 'The folder is gone.');
    }
    expect(calls).toBe(30);
  });

  it('is not regarded as failing because callers abort, however many do', async () => {
    source = never;
    for (let n = 0; n < 10; n += 1) {
      const controller = new AbortController();
      const asked = call(controller.signal);
      controller.abort(new Error('I left'));
      expect(await outcomeOf(asked)).toBe('I left');
    }
    expect([calls, breaker.isFailing, changes]).toEqual([10, false, []]);
    await expect(call(AbortSignal.abort(new Error('left before')))).rejects.toThrow('left before');
    expect(calls).toBe(10);
  });
});

/** A rejection with any value. */
function rejectWith(reason: unknown): () => Promise<never> {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- sources may
  return () => Promise.reject(reason);
}

describe('any value that a source throws', () => {
  it.each<[string, () => Promise<never>]>([
    ['undefined', rejectWith(undefined)],
    ['null', rejectWith(null)],
    ["'secret'", rejectWith('secret')],
    ['secret', rejectWith(new TypeError('secret'))],
    [
      'secret',
      () => {
        throw new TypeError('secret');
      },
    ],
    ['Not for you.', rejectWith(new HvqlError('ACCESS_DENIED', 'Not for you.'))],
  ])('is PAGE_UNAVAILABLE to clients, and is logged: %s', async (words, work) => {
    source = work;
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'The source failed unexpectedly.',
      extensions: { code: 'PAGE_UNAVAILABLE' },
      cause: { message: expect.stringContaining(words) },
    });
  });
});

describe('a source that never responds', () => {
  it('has 34 calls before the breaker opens, and then one per trial, however many callers there are', async () => {
    source = never;
    const asked = Array.from({ length: 1000 }, () => outcomeOf(call()));
    await vi.advanceTimersByTimeAsync(999);
    expect(calls).toBe(32);
    // Two get the places of the calls that failed before the third failure.
    await vi.advanceTimersByTimeAsync(1001);
    const told = new Set(await Promise.all(asked));
    expect(calls).toBe(34);
    for (const words of told) expect(words).toMatch(/^The source (did not respond within|has failed)/);

    let refused = 0;
    for (let n = 0; n < 600; n += 1) {
      void outcomeOf(call()).then(() => (refused += 1));
      await vi.advanceTimersByTimeAsync(100);
    }
    // A minute: pauses of 0.25, 0.5, 1, 2, 4, 5, 5 … s, and each trial takes its second.
    expect(calls - 34).toBeLessThanOrEqual(13);
    expect(calls - 34).toBeGreaterThanOrEqual(11);
    await vi.advanceTimersByTimeAsync(1000);
    expect(refused).toBe(600);
  });

  it('is called again, once it responds, after the pause and the timeout of the trial that hung', async () => {
    source = never;
    for (let n = 0; n < 3; n += 1) {
      const asked = outcomeOf(call());
      await vi.advanceTimersByTimeAsync(1000);
      await asked;
    }
    vi.advanceTimersByTime(250);
    source = async () => 'an answer';
    await expect(call()).resolves.toBe('an answer');
  });
});
