/** Events on their way from whoever makes them to a socket: pulled, one at a time, and never kept in between. */
import type { ExecutionResult } from 'graphql';
import type { StreamEnd } from './audit.ts';
import { maskErrors, type MaskContext } from './error-mask.ts';
import { maskResult } from './result-mask.ts';

/** A stream of events that are fit to leave. */
export interface Events {
  /** The next event, or null at the end. Never rejects. */
  next(): Promise<ExecutionResult | null>;
  /** Ends it from this side; also while a `next` is pending. To be called at most once, and not after the end. */
  release(end: StreamEnd): void;
}

/** Where events go. */
export interface EventSink {
  /** Resolves once the event has been handed to the socket. */
  deliver(event: ExecutionResult): Promise<void>;
  /** Told when the stream is over of itself, but not when it was stopped. */
  done(): void;
  /** Told when an event could not be written; by then the stream has been released. */
  failed(thrown: unknown): void;
}

const maskedAlready = new WeakMap<ExecutionResult, ExecutionResult>();

/**
 * The events of an iterator, with their errors masked. One event that goes to many is masked once, so that it stays
 * one for all of them and one mistake is one line in the log; what it denies is told of each stream. An iterator that
 * fails ends with the error as its event. Each stream begins here, and ends here however it does: so both are audited.
 */
export function maskedEvents(iterator: AsyncIterator<ExecutionResult>, context: MaskContext): Events {
  // Masked for the first of many, an event must not be taken for one that only this stream was sent.
  const masking = { ...context, audit: null };
  const trail = context.audit?.opened() ?? null;
  let isOver = false;
  const release = (): void => {
    const released = (async () => iterator.return?.())();
    released.catch((thrown: unknown) =>
      context.log.error({ requestId: context.requestId, err: thrown }, 'a stream did not end well'),
    );
  };
  const nextMasked = async (): Promise<ExecutionResult | null> => {
    try {
      const step = await iterator.next();
      if (step.done === true) return null;
      let event = maskedAlready.get(step.value);
      if (event === undefined) maskedAlready.set(step.value, (event = maskResult(step.value, masking)));
      return event;
    } catch (thrown) {
      isOver = true;
      release();
      return { errors: maskErrors([thrown], masking) };
    }
  };
  return {
    next: async () => {
      const event = isOver ? null : await nextMasked();
      if (event === null) trail?.ended();
      else trail?.sent(event);
      return event;
    },
    release: (end) => {
      trail?.closed(end);
      if (!isOver) release();
    },
  };
}

/**
 * Moves events into a sink, the next one not before the last one is handed over: whatever happens meanwhile is for
 * the stream to forget. Gives a function that stops it.
 */
export function pump(events: Events, sink: EventSink): (end: StreamEnd) => void {
  let isStopped = false;
  const stop = (end: StreamEnd): void => {
    if (isStopped) return;
    isStopped = true;
    events.release(end);
  };
  // No race with a signal: a promise that lives as long as a stream would keep a reaction for each of its events.
  const run = async (): Promise<void> => {
    for (;;) {
      const event = await events.next();

      if (isStopped) return;
      if (event === null) break;
      await sink.deliver(event);
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- stopped while it waited
      if (isStopped) return;
    }
    isStopped = true;
    sink.done();
  };
  run().catch((thrown: unknown) => {
    stop('service');
    sink.failed(thrown);
  });
  return stop;
}
