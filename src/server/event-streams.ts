/** All answers by Server-Sent Events that are open. */
import type { Logger } from 'pino';
import type { Call } from './call.ts';
import { EventStream } from './event-stream.ts';
import type { EventWrites } from './event-writes.ts';
import type { RunOperation } from './operation.ts';
import type { ConnectionLimits } from './patience.ts';
import type { Pulse } from './pulse.ts';
import type { Exchange } from './exchange.ts';

/** What event streams are made with. */
export interface EventStreamsOptions {
  readonly run: RunOperation;
  readonly writes: EventWrites;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
}

/** Answers with events. */
export interface EventStreams {
  /** Resolves once the answer has begun; the rest of it goes its own way. */
  answer(exchange: Exchange, call: Call): Promise<void>;
  /** Completes all that are open, and those that are still to come at once. */
  endAll(): void;
}

/** Event streams of a server. */
export function eventStreams({ run, writes, pulse, limits, log }: EventStreamsOptions): EventStreams {
  const open = new Set<EventStream>();
  let isClosing = false;
  const onClose = (stream: EventStream): void => {
    if (!open.delete(stream)) return;
    if (log.isLevelEnabled('debug')) log.debug({ ...stream.facts, events: stream.count }, 'stream closed');
  };
  const world = { writes, pulse, limits, log, onClose };
  return {
    answer: async (exchange, call) => {
      // Gone while its operation was read.
      if (exchange.isGone) return;
      const stream = new EventStream(exchange, world);
      exchange.facts['transport'] = 'sse';
      open.add(stream);
      if (isClosing) stream.end();
      const outcome = await run(call);
      if (log.isLevelEnabled('debug')) log.debug(stream.facts, 'stream opened');
      if (outcome.kind === 'events') forgetHead(exchange);
      stream.send(outcome);
    },
    endAll: () => {
      isClosing = true;
      for (const stream of open) stream.end();
    },
  };
}

/** Nobody reads the head of a request any more once its events have begun: a kilobyte or more for as long as they go on. */
function forgetHead({ request }: Exchange): void {
  request.headers = {};
  request.rawHeaders = [];
}
