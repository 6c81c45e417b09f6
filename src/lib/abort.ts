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
    return await unlessAborted(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** Waits for a result no longer than until the signal is aborted: rejects with its reason then, and forgets the result. */
export async function unlessAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    // The race hears of both, so that what comes late is no rejection that nobody handles.
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function tooSlow(milliseconds: number): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', `The source did not answer within ${milliseconds} ms.`, {
    limitMilliseconds: milliseconds,
  });
}
