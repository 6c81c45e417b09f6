/** What came of an operation, ready to leave: its errors masked, its denied reads audited. Every transport sends these. */
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { Logger } from 'pino';
import { maskResult } from './error-mask.ts';
import { Events } from './events.ts';
import type { RequestContext } from './request-context.ts';

/** One result, without `data` where nothing ran, or events. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'events'; readonly events: Events };

/** The service's log and wall clock, in milliseconds since 1970. */
export interface OutcomeWorld {
  readonly log: Logger;
  readonly now: () => number;
}

/** What Yoga gives for an operation whose request has not asked for a batch. */
export type PipelineResult = ExecutionResult | AsyncIterable<ExecutionResult> | undefined;

/** The outcome of what Yoga's pipeline gave. The events of a subscription are taken from their request. */
export function outcomeOf(
  given: PipelineResult,
  request: RequestContext,
  { log, now }: OutcomeWorld,
): Outcome {
  const iterator = request.events ?? (isAsyncIterable(given) ? given[Symbol.asyncIterator]() : null);
  const result = (given ?? { errors: [] }) as ExecutionResult;
  // As it is nearly always.
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
