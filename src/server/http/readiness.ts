/** The readiness check behind /ready. */
import type { Logger } from 'pino';
import { HvqlError } from '../../errors.ts';
import { unlessAborted } from '../../lib/abort.ts';

/** null if the service is ready, otherwise a reason without secrets. */
export type NotReady = null | 'TIMED_OUT' | 'UNAVAILABLE' | 'PAGE_UNAVAILABLE';

const deadlineMilliseconds = 5_000;

/**
 * Returns a function that runs the check, which rejects if the service is not ready. Concurrent requests share a check.
 * Because callers are not authenticated, only changes are logged.
 */
export function readiness(
  check: (signal: AbortSignal) => Promise<void>,
  { log, milliseconds = deadlineMilliseconds }: { readonly log: Logger; readonly milliseconds?: number },
): () => Promise<NotReady> {
  let underWay: Promise<NotReady> | null = null;
  let isReady = true;
  const run = async (): Promise<NotReady> => {
    const deadline = AbortSignal.timeout(milliseconds);
    try {
      await unlessAborted(check(deadline), deadline);
      if (!isReady) log.info('ready again');
      isReady = true;
      return null;
    } catch (thrown) {
      if (isReady) log.warn({ err: thrown }, 'not ready');
      isReady = false;
      if (deadline.aborted) return 'TIMED_OUT';
      return thrown instanceof HvqlError && thrown.code === 'PAGE_UNAVAILABLE' ? thrown.code : 'UNAVAILABLE';
    }
  };
  return () => {
    underWay ??= run().finally(() => (underWay = null));
    return underWay;
  };
}
