/** Refusals of requests before an operation runs, and JSON responses. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HvqlError, type ErrorFacts, type HttpErrorCode, httpStatusOf } from '../../errors.ts';
import { readAccept, type MediaType } from './header.ts';

/** A refusal with the HTTP status of its code, or another one if given. */
export class HttpError extends HvqlError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: HttpErrorCode,
    message: string,
    options: { status?: number; facts?: ErrorFacts; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message, options.facts);
    this.status = options.status ?? httpStatusOf(code);
    this.headers = { ...retryHeaders(this.extensions), ...options.headers };
  }
}

/** The Retry-After header (RFC 9110, 10.2.3), in whole seconds, for a refusal that says when to try again. */
export function retryHeaders({ retryInMilliseconds }: Readonly<Record<string, unknown>> = {}): Readonly<
  Record<string, string>
> {
  if (typeof retryInMilliseconds !== 'number') return {};
  return { 'retry-after': String(Math.max(1, Math.ceil(retryInMilliseconds / 1_000))) };
}

/** A refusal with status 400 for an invalid request. */
export function badRequest(message: string): HttpError {
  return new HttpError('BAD_REQUEST', message);
}

/** A refusal of a request whose connection or client exceeds a limit on connections. It closes the connection. */
export function refusedConnection({ code, message, extensions }: HvqlError): HttpError {
  const { code: _, ...facts } = extensions;
  return new HttpError(code as HttpErrorCode, message, { facts, headers: { Connection: 'close' } });
}

/** Throws METHOD_NOT_ALLOWED for any other method. The message begins with the subject. */
export function checkMethod(
  { method = '' }: IncomingMessage,
  { subject, allowed }: { readonly subject: string; readonly allowed: readonly string[] },
): void {
  if (allowed.includes(method)) return;
  const allow = allowed.join(', ');
  throw new HttpError('METHOD_NOT_ALLOWED', `${subject} answers ${allow} only.`, { headers: { allow } });
}

/** Converts a refusal of credentials to its HTTP form (RFC 6750, 3); returns any other error unchanged. */
export function asHttpError(thrown: unknown): unknown {
  if (!(thrown instanceof HvqlError)) return thrown;
  const { code, message, extensions } = thrown;
  if (code === 'UNAUTHENTICATED')
    return new HttpError(code, message, { headers: { 'www-authenticate': 'Bearer' } });
  return code === 'IDENTITY_UNAVAILABLE' ? new HttpError(code, message, { facts: extensions }) : thrown;
}

/** Sends the refusal in the shape of a GraphQL response, in the media type that the client accepts. */
export function sendError(response: ServerResponse, error: HttpError): void {
  sendJson(response, {
    status: error.status,
    headers: error.headers,
    mediaType: readAccept(response.req.headers.accept).mediaType ?? 'application/json',
    body: errorBody(error),
  });
}

/** The refusal in the shape of a GraphQL response. */
export function errorBody({ message, extensions }: HttpError): object {
  return { errors: [{ message, extensions }] };
}

/** Sends JSON that must not be cached. */
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
