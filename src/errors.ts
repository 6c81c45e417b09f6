/**
 * Every error code of the service. An HvqlError is meant for a client: its message says what is wrong, where, what was
 * expected and what was found; its facts are machine-readable. Any other error is masked before it reaches a client.
 */
export type ErrorCode = keyof typeof codes;

/** Codes of requests that are refused before an operation runs. */
export type HttpErrorCode = {
  [Code in ErrorCode]: (typeof codes)[Code] extends { httpStatus: number } ? Code : never;
}[ErrorCode];

/** The facts about a code; docs/errors.md is printed from these. */
interface CodeFacts {
  /** The status of a request that is refused before an operation runs. */
  readonly httpStatus?: number;
  /** The close code of a WebSocket that is closed because of this error. */
  readonly closeCode?: number;
  /** The hypervisor's own status (TLFS 2.0a, chapter 21). */
  readonly hvStatus?: string;
  /** When clients get the code, as a Markdown sentence. */
  readonly when: string;
}

const codes = {
  ACCESS_DENIED: {
    httpStatus: 403,
    hvStatus: 'HV_STATUS_ACCESS_DENIED',
    when: 'The caller may not read the object. `reason` is `NOT_ROOT`, `NOT_SELF_OR_PARENT` or `NO_PRIVILEGE`.',
  },
  INVALID_PARTITION_ID: {
    hvStatus: 'HV_STATUS_INVALID_PARTITION_ID',
    when: 'The partition does not exist. Only the root partition gets this code; other callers get `ACCESS_DENIED`.',
  },
  INVALID_VP_INDEX: {
    hvStatus: 'HV_STATUS_INVALID_VP_INDEX',
    when: 'The partition has no such virtual processor.',
  },
  INVALID_PARAMETER: {
    hvStatus: 'HV_STATUS_INVALID_PARAMETER',
    when: 'The logical processor does not exist, an id is malformed, or an argument is out of range.',
  },
  PAGE_MALFORMED: {
    when: 'The bytes are not a statistics page, or the text contains no counter. `extensions` has the details.',
  },
  PAGE_UNAVAILABLE: {
    httpStatus: 503,
    when:
      'The source could not provide the page: the object no longer exists, it cannot be read, or the source timed out. ' +
      'While the source is failing, `retryInMilliseconds` says when the service tries it again.',
  },
  BAD_REQUEST: {
    httpStatus: 400,
    when:
      'The request or one of its parameters is malformed. The status is 408 if the request took too long to arrive, ' +
      '413 for long chunk extensions, 417 for an unknown expectation, and 501 for a Transfer-Encoding other than chunked.',
  },
  PERSISTED_DOCUMENT_NOT_FOUND: {
    httpStatus: 400,
    when: 'The service has no document with this id.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    httpStatus: 400,
    when: 'The request has a hash but no document text, and the service runs without `--operations`. Send the text.',
  },
  UNAUTHENTICATED: {
    httpStatus: 401,
    closeCode: 4401,
    when:
      'The request has no credentials, invalid ones, or two kinds at once. In the last event of a stream: the ' +
      'credentials have expired or were revoked; the WebSocket then closes with 4403.',
  },
  IDENTITY_UNAVAILABLE: {
    httpStatus: 503,
    closeCode: 1013,
    when:
      'The service currently cannot verify tokens, because it cannot fetch the key set of the identity provider. ' +
      '`Retry-After` and `retryInMilliseconds` say when to try again.',
  },
  FOREIGN_HOST: {
    httpStatus: 403,
    when: 'The `Host` header names a host that the service does not accept.',
  },
  FOREIGN_ORIGIN: {
    httpStatus: 403,
    when: 'The request comes from a web page whose origin is not in `--allowed-origins`.',
  },
  OPERATION_NOT_ALLOWED: {
    httpStatus: 403,
    when: 'The service executes only the documents of `--operations`, and this is not one of them.',
  },
  NOT_FOUND: {
    httpStatus: 404,
    when: 'There is nothing at this path. In a result: the global id belongs to an object of another host, or a subscription names a host that the caller may not query.',
  },
  METHOD_NOT_ALLOWED: {
    httpStatus: 405,
    when: 'The path does not support this method; `Allow` lists the supported ones.',
  },
  NOT_ACCEPTABLE: {
    httpStatus: 406,
    when: 'The `Accept` header has no media type in which the service can respond to this operation.',
  },
  LIMIT_EXCEEDED: {
    httpStatus: 413,
    when:
      'The request or the operation exceeds a limit. `limit` and `actual` have the numbers; `Service.limits` lists the ' +
      'limits. The status is 431 if the headers are too long.',
  },
  BUDGET_EXCEEDED: {
    httpStatus: 429,
    when:
      'The caller or its address has used up its budget per time, or has too many requests, streams or connections at ' +
      'once. `limit` has the number, and `Retry-After` and `retryInMilliseconds` say when to try again. In an event of a ' +
      'subscription: events are sent less often until then.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    httpStatus: 415,
    when: 'The body is not `application/json` in UTF-8, or it is compressed.',
  },
  INTERNAL_SERVER_ERROR: {
    httpStatus: 500,
    closeCode: 4500,
    when: 'A bug in the service. The log has the details under the same `requestId`.',
  },
  OVERLOADED: {
    httpStatus: 503,
    when:
      'The service has reached a limit for all callers together. `limit` has the number, and `Retry-After` and ' +
      '`retryInMilliseconds` say when to try again.',
  },
  HOST_UNREACHABLE: {
    when: 'A host of the fleet is not connected or has not responded in time. `host` names it.',
  },
  HOST_INCOMPATIBLE: {
    when: 'A host of the fleet runs a version that does not know a field of the operation. `host` and `version` name them.',
  },
  CLOSING: {
    httpStatus: 503,
    when: 'The service is shutting down; connect again.',
  },
  // Found by graphql-js and graphql-yoga.
  GRAPHQL_PARSE_FAILED: { when: 'The document has a syntax error.' },
  GRAPHQL_VALIDATION_FAILED: { when: 'The document does not match the schema.' },
  BAD_USER_INPUT: { when: 'The value of a variable or an argument does not match its type.' },
  OPERATION_RESOLUTION_FAILURE: {
    httpStatus: 400,
    when: 'The document has no operation with the given name, or it has several operations and the request names none.',
  },
} as const satisfies Record<string, CodeFacts>;

/** Every code that clients can get, for docs/errors.md. */
export const codeTable: Readonly<Record<ErrorCode, CodeFacts>> = codes;

/** The HTTP status of a request that is refused with a code. */
export function httpStatusOf(code: HttpErrorCode): number {
  return codes[code].httpStatus;
}

/** The code that a WebSocket is closed with for an error; undefined if the error concerns one operation only. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  return codeTable[code].closeCode;
}

/** Facts that go into a GraphQL error's `extensions` beside `code`: plain JSON, 64-bit numbers as strings. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/**
 * An error whose message and facts may be shown to the client; `extensions` is what the GraphQL response contains. The
 * `cause` is for the operator only: it is logged and never sent to a client. There is no stack trace, because one
 * request can cause thousands of errors.
 */
export class HvqlError extends Error {
  override readonly name = 'HvqlError';
  readonly code: ErrorCode;
  readonly extensions: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, options: ErrorOptions = {}) {
    const stackTraceLimit = stopStacks();
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    const { hvStatus } = codeTable[code];
    this.extensions = { code, ...(hvStatus === undefined ? {} : { hvStatus }), ...facts };
  }
}

/** Stops the recording of stack traces. Returns the limit to restore. */
function stopStacks(): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  return stackTraceLimit;
}

/**
 * Calls `make` without recording stack traces, which take most of the time of creating an error; one response may have
 * thousands. For expected errors, whose message says where they come from.
 */
export function withoutStacks<Made>(make: () => Made): Made {
  const stackTraceLimit = stopStacks();
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Mistakes of the operator in flags, variables and files. Reported all at once, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The problems of a check that throws UsageErrors; other errors are thrown on. */
export function problemsOf(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (thrown) {
    if (thrown instanceof UsageError) return [...thrown.problems];
    throw thrown;
  }
}
