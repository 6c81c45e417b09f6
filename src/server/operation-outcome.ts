/** Masked and audited outcomes of operations, which every transport sends. */
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { ServiceHealth } from '../metrics/service-health.ts';
import { auditDenied, auditRefusals } from './audit.ts';
import type { RequestContext } from './context.ts';
import { maskResult } from './error-mask.ts';
import { Events } from './events.ts';

/** One result, without `data` if nothing was executed, or events. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: ExecutionResult }
  | { readonly kind: 'events'; readonly events: Events };

/** The return value of Yoga's pipeline for one operation. */
export type PipelineResult = ExecutionResult | AsyncIterable<ExecutionResult> | undefined;

/** The outcome of the pipeline's return value, or of the events that the request context has. Called once. */
export function outcomeOf(given: PipelineResult, request: RequestContext): Outcome {
  const outcome = audited(given, request);
  const { health } = request.server;
  if (health !== null) countOutcome(outcome, request, health);
  return outcome;
}

function countOutcome(
  outcome: Outcome,
  { transport, startedAt }: RequestContext,
  health: ServiceHealth,
): void {
  const errors = outcome.kind === 'result' ? outcome.result.errors : undefined;
  if (errors === undefined || outcome.kind === 'events') health.observe(transport, 'ok', startedAt);
  else if ('data' in outcome.result) health.observe(transport, 'errors', startedAt);
  else {
    health.observe(transport, 'refused', startedAt);
    health.refuse(errors[0]?.extensions['code']);
  }
}

function audited(given: PipelineResult, request: RequestContext): Outcome {
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
  auditRefusals(request, masked.errors ?? []);
  return { kind: 'result', result: masked };
}

/** Ends the events of a subscription that no transport has taken over. */
export function dropEvents(request: RequestContext): void {
  const { events, server } = request;
  request.events = null;
  events?.return?.().catch((thrown: unknown) => {
    // The id is generated on first access and takes half a kilobyte, so it is read only here.
    server.log.error({ requestId: request.requestId, err: thrown }, 'a stream did not end well');
  });
}
