/** What an operation gives, masked and audited: every transport sends these. */
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { ServerContext } from './context.ts';
import { maskResult } from './error-mask.ts';
import { Events } from './events.ts';
import type { RequestContext } from './request-context.ts';

/** One result, without `data` where nothing ran, or events. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'events'; readonly events: Events };

/** What Yoga's pipeline gives for one operation. */
export type PipelineResult = ExecutionResult | AsyncIterable<ExecutionResult> | undefined;

/** The outcome of what Yoga's pipeline gave, or of the events that their request has taken from it. */
export function outcomeOf(
  given: PipelineResult,
  request: RequestContext,
  { log, now }: Pick<ServerContext, 'log' | 'now'>,
): Outcome {
  const iterator = request.events ?? (isAsyncIterable(given) ? given[Symbol.asyncIterator]() : null);
  const result = (given ?? { errors: [] }) as ExecutionResult;
  // The most frequent case.
  if (iterator === null && result.errors === undefined) return { kind: 'result', result };
  const context = { log, now, requester: request, audit: request.audit };
  if (iterator === null) return { kind: 'result', result: maskResult(result, context) };
  const events = new Events(iterator, context);
  request.events = null;
  request.operation = null;
  request.document = null;
  return { kind: 'events', events };
}

/** Ends the events of a subscription that no transport has taken. */
export function dropEvents(request: RequestContext, log: Logger): void {
  const { events, requestId } = request;
  request.events = null;
  events
    ?.return?.()
    .catch((thrown: unknown) => log.error({ requestId, err: thrown }, 'a stream did not end well'));
}
