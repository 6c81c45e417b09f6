/** All answers by Server-Sent Events that are open. */
import type { Logger } from 'pino';
import { EventStream } from './event-stream.ts';
import type { EventWrites } from './event-writes.ts';
import type { ConnectionLimits } from '../http/stall-detector.ts';
import type { Heartbeat } from '../heartbeat.ts';
import type { Exchange } from '../http/exchange.ts';

/** What event streams are made with. */
export interface EventStreamsOptions {
  readonly writes: EventWrites;
  readonly heartbeat: Heartbeat;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
}

/** Answers with events. */
export interface EventStreams {
  /**
   * Begins the answer to a request whose client is still there; the stream is sent what comes of its operation. Where the
   * service ends meanwhile, it ends as well.
   */
  open(exchange: Exchange): EventStream;
  /** Ends all that are open, and those that are still to come at once. */
  endAll(): void;
}

/** Event streams of a server. */
export function eventStreams({ writes, heartbeat, limits, log }: EventStreamsOptions): EventStreams {
  const open = new Set<EventStream>();
  let isClosing = false;
  const onClose = (stream: EventStream): void => {
    if (!open.delete(stream)) return;
    if (log.isLevelEnabled('debug')) log.debug({ ...stream.facts, events: stream.count }, 'stream closed');
  };
  const world = { writes, heartbeat, limits, log, onClose };
  return {
    open: (exchange) => {
      const stream = new EventStream(exchange, world);
      exchange.facts['transport'] = 'sse';
      open.add(stream);
      if (isClosing) stream.end();
      return stream;
    },
    endAll: () => {
      isClosing = true;
      for (const stream of open) stream.end();
    },
  };
}
