/** All answers by Server-Sent Events that are open. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Call } from './call.ts';
import { EventStream } from './event-stream.ts';
import type { RunOperation } from './operation.ts';
import type { ConnectionLimits } from './patience.ts';
import type { Pulse } from './pulse.ts';
import type { Exchange } from './exchange.ts';

/** What event streams are made with. */
export interface EventStreamsOptions {
  readonly run: RunOperation;
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
export function eventStreams({ run, pulse, limits, log }: EventStreamsOptions): EventStreams {
  const open = new Set<EventStream>();
  let isClosing = false;
  return {
    answer: async ({ request, response, requestId, facts, signal }, call) => {
      // Gone while its operation was read.
      if (signal.aborted) return;
      const partition = call.asker.caller.partitionId.toString();
      const who = { requestId, transport: 'sse', partition };
      const stream = new EventStream({
        response,
        pulse,
        limits,
        onStall: () =>
          log.warn(
            { ...who, stallMilliseconds: limits.stallMilliseconds },
            'a client that took nothing for too long was cut',
          ),
        onFailure: (thrown) => log.error({ ...who, err: thrown }, 'unexpected error'),
      });
      facts['transport'] = who.transport;
      open.add(stream);
      response.once('close', () => {
        open.delete(stream);
        log.debug({ ...who, operation: facts['operation'], events: stream.count }, 'stream closed');
      });
      if (isClosing) stream.end();
      const outcome = await run(call);
      log.debug({ ...who, operation: facts['operation'] }, 'stream opened');
      if (outcome.kind === 'events') forgetHead(request);
      stream.send(outcome);
    },
    endAll: () => {
      isClosing = true;
      for (const stream of open) stream.end();
    },
  };
}

/** Nobody reads the head of a request any more once its events have begun: a kilobyte or more for as long as they go on. */
function forgetHead(request: IncomingMessage): void {
  request.headers = {};
  request.rawHeaders = [];
}
