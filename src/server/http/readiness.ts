/** Whether the service can answer: what /ready says. */
import { HvqlError } from '../../errors.ts';
import type { Logger } from 'pino';

/** null where the service is ready, else a reason that strangers may know. */
export type NotReady = null | 'TIMED_OUT' | 'UNAVAILABLE' | 'PAGE_UNAVAILABLE';

/** What readiness is made of. */
export interface ReadinessOptions {
  /** Tries out what an answer needs; rejects where it fails. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  readonly deadlineMilliseconds: number;
  readonly log: Logger;
}

/**
 * A function that checks whether the service is ready. All who ask while a check is under way share it, so that
 * nobody can make work by asking often. The log has why the first check failed after one that did not, and that it is
 * over: strangers may ask, and are not to fill it.
 */
export function readiness({ check, deadlineMilliseconds, log }: ReadinessOptions): () => Promise<NotReady> {
  let underWay: Promise<NotReady> | null = null;
  let isReady = true;
  const run = async (): Promise<NotReady> => {
    const deadline = AbortSignal.timeout(deadlineMilliseconds);
    try {
      await Promise.race([check(deadline), rejectOnAbort(deadline)]);
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

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
