/** Operations by POST and GET: answered whole, with the status that the media type has for what came of them. */
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { MediaType } from './accept.ts';
import { statusOf } from './answer-status.ts';
import { auditOf, type AuditWorld, type CallAudit } from './audit.ts';
import type { Call } from './call.ts';
import { isEvents, type Engine, type Subscribed } from './engine.ts';
import { maskErrors } from './error-mask.ts';
import { HttpProblem } from './http-problem.ts';
import { checkParameters } from './operation-parameter.ts';
import { maskResult } from './result-mask.ts';

/** One request for the endpoint. */
export interface EndpointRequest {
  readonly call: Call;
  /** What the client takes. */
  readonly mediaType: MediaType;
}

/** What is answered: a result whose errors are masked, and the HTTP status that goes with it. */
export interface Answer {
  readonly status: number;
  readonly result: ExecutionResult;
}

/**
 * Answers one request, at once where nothing has to be waited for. Errors are part of the answer; throws, or rejects,
 * only with an HttpProblem, for what cannot be asked.
 */
export type Endpoint = (request: EndpointRequest) => Promise<Answer> | Answer;

/** The endpoint over an engine. */
export function graphqlEndpoint(
  engine: Engine,
  world: { readonly log: Logger; readonly auditWorld: AuditWorld | null },
): Endpoint {
  const answer = (
    { call, mediaType }: EndpointRequest,
    audit: CallAudit | null,
    came: Subscribed,
  ): Answer => {
    if (isEvents(came)) throw new TypeError('There are events for a call that takes none');
    if (came.errors === undefined) return { status: 200, result: came };
    const result = maskResult(came, { asker: call.asker, log: world.log, audit });
    return { status: statusOf(result, mediaType), result };
  };
  const failure = (request: EndpointRequest, audit: CallAudit | null, thrown: unknown): Answer => {
    if (thrown instanceof HttpProblem) throw thrown;
    const { asker } = request.call;
    const result = { errors: maskErrors([thrown], { asker, log: world.log, audit }) };
    return { status: statusOf(result, request.mediaType), result };
  };
  return (request) => {
    const { call } = request;
    const { parameters } = call.operation;
    checkParameters(call.operation);
    const audit = auditOf(call, world.auditWorld);
    try {
      const came = engine.run({
        call,
        operationName: parameters['operationName'],
        variables: (parameters['variables'] ?? null) as Record<string, unknown> | null,
        audit,
      });
      if (!(came instanceof Promise)) return answer(request, audit, came);
      return came.then(
        (later) => answer(request, audit, later),
        (thrown: unknown) => failure(request, audit, thrown),
      );
    } catch (thrown) {
      return failure(request, audit, thrown);
    }
  };
}
