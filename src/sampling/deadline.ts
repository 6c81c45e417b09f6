/** Every wait has a limit. */
import { HvqlError } from '../errors.ts';

/**
 * Runs work that listens to a signal, and stops waiting for it when the caller's signal is aborted (rejects with its
 * reason) or the time is over (rejects with PAGE_UNAVAILABLE), even if the work itself does not listen.
 */
export async function withinDeadline<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  limits: { signal: AbortSignal; milliseconds: number },
): Promise<Result> {
  const { signal, milliseconds } = limits;
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(tooSlow(milliseconds)), milliseconds);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(controller.signal), rejectionBy(controller.signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function tooSlow(milliseconds: number): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `The source did not answer within ${milliseconds} ms.`, {
    limitMilliseconds: milliseconds,
  });
}
