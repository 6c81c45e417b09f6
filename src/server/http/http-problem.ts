/** Answers to requests that never become an operation. */
import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { HvqlError, type ErrorFacts } from '../../errors.ts';
import { readAccept, type MediaType } from './media-type.ts';

/** An HTTP status with a sentence for the client; `code` and `facts` go into the error's `extensions`. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly extensions: ErrorFacts;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    message: string,
    answer: { status: number; code: string; facts?: ErrorFacts; headers?: Readonly<Record<string, string>> },
  ) {
    super(message);
    this.status = answer.status;
    this.extensions = { code: answer.code, ...answer.facts };
    this.headers = answer.headers ?? {};
  }
}

/** An unknown or unverified caller as HTTP says it (RFC 6750, 3); any other error unchanged. */
export function asUnauthorized(thrown: unknown): unknown {
  if (!(thrown instanceof HvqlError) || thrown.code !== 'UNAUTHENTICATED') return thrown;
  return new HttpProblem(thrown.message, {
    status: 401,
    code: thrown.code,
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** The problem as an error of GraphQL, for a way that has no statuses. */
export function problemError(problem: HttpProblem): GraphQLError {
  return new GraphQLError(problem.message, { extensions: { ...problem.extensions } });
}

/**
 * Answers with the problem in the shape of a GraphQL response, and under its media type where that is asked for:
 * clients of GraphQL can show it.
 */
export function sendProblem(response: ServerResponse, problem: HttpProblem): void {
  sendJson(response, {
    status: problem.status,
    headers: problem.headers,
    mediaType: readAccept(response.req.headers.accept).mediaType ?? 'application/json',
    body: problemBody(problem),
  });
}

/** The problem in the shape of a GraphQL response. */
export function problemBody({ message, extensions }: HttpProblem): object {
  return { errors: [{ message, extensions }] };
}

/** Answers with JSON that is never to be cached. */
export function sendJson(
  response: ServerResponse,
  answer: {
    status: number;
    body: object;
    headers?: Readonly<Record<string, string>>;
    mediaType?: MediaType;
  },
): void {
  const bytes = Buffer.from(JSON.stringify(answer.body));
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-type': `${answer.mediaType ?? 'application/json'}; charset=utf-8`,
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}
