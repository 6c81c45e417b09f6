/** What an operation gives, masked and audited: every transport sends these. */
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import { auditDenied } from './audit.ts';
import type { RequestContext } from './context.ts';
import { maskResult } from './error-mask.ts';
import { Events } from './events.ts';

/** One result, without `data` where nothing ran, or events. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'events'; readonly events: Events };

/** What Yoga's pipeline gives for one operation. */
export type PipelineResult = ExecutionResult | AsyncIterable<ExecutionResult> | undefined;

/** The outcome of what Yoga's pipeline gave, or of the events that their request has taken from it. */
export function outcomeOf(given: PipelineResult, request: RequestContext): Outcome {
  const iterator = request.events ?? (isAsyncIterable(given) ? given[Symbol.asyncIterator]() : null);
  if (iterator !== null) {
    const events = new Events(iterator, request);
    request.events = null;
    request.operation = null;
    request.document = null;
    return { kind: 'events', events };
  }
  const result = (given ?? { errors: [] }) as ExecutionResult;
  if (result.errors === undefined) return { kind: 'result', result };
  const masked = maskResult(result, request);
  auditDenied(request, masked.errors ?? []);
  return { kind: 'result', result: masked };
}

/** Ends the events of a subscription that no transport has taken. */
export function dropEvents(request: RequestContext): void {
  const { events, requestId, server } = request;
  request.events = null;
  events
    ?.return?.()
    .catch((thrown: unknown) => server.log.error({ requestId, err: thrown }, 'a stream did not end well'));
}
