import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SharedAbort, withinDeadline } from '../../src/lib/abort.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const timeoutError = (milliseconds: number): Error => new Error(`not within ${milliseconds} ms`);

describe('withinDeadline', () => {
  it('rejects after the deadline, and aborts the signal of the work', async () => {
    const { signal } = new AbortController();
    let received: AbortSignal | undefined;
    const work = (own: AbortSignal): Promise<never> => {
      received = own;
      return never();
    };
    await expect(withinDeadline(work, { signal, milliseconds: 5, timeoutError })).rejects.toThrow(
      'not within 5 ms',
    );
    expect(received?.aborted).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('rejects when its caller aborts', async () => {
    const { signal, abort } = abortable();
    const waiting = withinDeadline(never, { signal, milliseconds: 60_000, timeoutError });
    abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});

describe('SharedAbort', () => {
  it('is aborted when the last caller aborts, with its reason', () => {
    const shared = new SharedAbort();
    const [one, other] = [abortable(), abortable()];
    shared.add(one.signal);
    shared.add(other.signal);
    one.abort(new Error('first'));
    expect(shared.signal.aborted).toBe(false);
    other.abort(new Error('last'));
    expect(shared.signal.reason).toEqual(new Error('last'));
  });
});

function abortable(): { signal: AbortSignal; abort: (reason: Error) => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}
