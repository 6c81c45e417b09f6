/**
 * Every error code of the service, on one screen. An error made here is meant for a client: its message says what,
 * where, what was needed and what was there; its facts are machine-readable. Any other error is masked at the edge.
 */
export type ErrorCode = keyof typeof codes;

/** Codes that refuse a request before it is an operation. */
export type HttpErrorCode = {
  [Code in ErrorCode]: (typeof codes)[Code] extends { httpStatus: number } ? Code : never;
}[ErrorCode];

/** What a code says; docs/errors.md is printed from these. */
interface CodeFacts {
  /** Of a request that is refused before it is an operation. */
  readonly httpStatus?: number;
  /** Of a WebSocket that is closed for it. */
  readonly closeCode?: number;
  /** The hypervisor's own status (TLFS 2.0a, chapter 21). */
  readonly hvStatus?: string;
  /** When clients get it, as a Markdown sentence. */
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
    when: 'There is no such partition. Only the root partition learns this; other callers get `ACCESS_DENIED`.',
  },
  INVALID_VP_INDEX: {
    hvStatus: 'HV_STATUS_INVALID_VP_INDEX',
    when: 'The partition has no such virtual processor.',
  },
  INVALID_PARAMETER: {
    hvStatus: 'HV_STATUS_INVALID_PARAMETER',
    when: 'There is no such logical processor, an id is malformed, or an argument is out of range.',
  },
  PAGE_MALFORMED: {
    when: 'The bytes are not a statistics page, or the text has no counter. `extensions` has the facts.',
  },
  PAGE_UNAVAILABLE: {
    httpStatus: 503,
    when:
      'The source could not give the page: the object is gone, it cannot be read, or the source is too slow. While the ' +
      'source fails, `retryInMilliseconds` says when it is tried next.',
  },
  BAD_REQUEST: {
    httpStatus: 400,
    when:
      'The request or one of its parameters cannot be read. The status is 408 where the request took too long to arrive, ' +
      '413 for long chunk extensions, 417 for an unknown expectation, and 501 for a Transfer-Encoding other than chunked.',
  },
  PERSISTED_DOCUMENT_NOT_FOUND: {
    httpStatus: 400,
    when: 'No document has this id.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    httpStatus: 400,
    when: 'The request has a hash and no text, and the service has no `--operations`. Send the text.',
  },
  UNAUTHENTICATED: {
    httpStatus: 401,
    closeCode: 4401,
    when:
      'There are no credentials, they do not verify, or there are two at once. In the last event of a stream: the ' +
      'identity has expired or was withdrawn; the WebSocket then closes with 4403.',
  },
  IDENTITY_UNAVAILABLE: {
    httpStatus: 503,
    closeCode: 1013,
    when:
      'The service cannot verify the token now, because it cannot fetch the key set of the identity provider. ' +
      '`Retry-After` and `retryInMilliseconds` say when to try again.',
  },
  FOREIGN_HOST: {
    httpStatus: 403,
    when: 'The `Host` header has a name that the service does not answer to.',
  },
  FOREIGN_ORIGIN: {
    httpStatus: 403,
    when: 'The request comes from a page of an origin that `--allowed-origins` does not list.',
  },
  OPERATION_NOT_ALLOWED: {
    httpStatus: 403,
    when: 'Only the documents of `--operations` are answered, and this is not one of them.',
  },
  NOT_FOUND: {
    httpStatus: 404,
    when: 'There is nothing at this path. In a response: the global id is of an object of another host, or a subscription names a host that the caller may not ask.',
  },
  METHOD_NOT_ALLOWED: {
    httpStatus: 405,
    when: 'The path does not answer this method; `Allow` lists those that it does.',
  },
  NOT_ACCEPTABLE: {
    httpStatus: 406,
    when: 'The `Accept` header has no media type in which this operation can be answered.',
  },
  LIMIT_EXCEEDED: {
    httpStatus: 413,
    when:
      'The request or the operation is beyond a limit. `limit` and `actual` have the numbers; `Service.limits` lists the ' +
      'limits. The status is 431 where it is the headers that are too long.',
  },
  BUDGET_EXCEEDED: {
    httpStatus: 429,
    when:
      'The caller, or its address, has used what it may have over time or at once. `limit` has the number, and ' +
      '`Retry-After` and `retryInMilliseconds` say when to try again. In an event of a subscription: its events come less ' +
      'often until then.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    httpStatus: 415,
    when: 'The body is not `application/json` in UTF-8, or it is compressed.',
  },
  INTERNAL_SERVER_ERROR: {
    httpStatus: 500,
    closeCode: 4500,
    when: 'A defect of the service. The log has the details under the same `requestId`.',
  },
  OVERLOADED: {
    httpStatus: 503,
    when:
      'The service has as much under way as it may have of all callers together. `limit` has the number, and ' +
      '`Retry-After` and `retryInMilliseconds` say when to try again.',
  },
  HOST_UNREACHABLE: {
    when: 'A host of the fleet cannot be asked: nothing answers to its name, or it has not answered in time. `host` names it.',
  },
  HOST_INCOMPATIBLE: {
    when: 'A host of the fleet is of a version that does not know a field of the operation. `host` and `version` name it.',
  },
  CLOSING: {
    httpStatus: 503,
    when: 'The service is ending; connect again.',
  },
  // Found by graphql-js and graphql-yoga.
  GRAPHQL_PARSE_FAILED: { when: 'The document has a syntax error.' },
  GRAPHQL_VALIDATION_FAILED: { when: 'The document does not fit the schema.' },
  BAD_USER_INPUT: { when: 'A variable or an argument has a value that does not fit its type.' },
  OPERATION_RESOLUTION_FAILURE: {
    httpStatus: 400,
    when: 'The document has no operation of the name, or several operations and no name is given.',
  },
} as const satisfies Record<string, CodeFacts>;

/** Every code that clients get, for docs/errors.md. */
export const codeTable: Readonly<Record<ErrorCode, CodeFacts>> = codes;

/** The HTTP status of a request that is refused with a code. */
export function httpStatusOf(code: HttpErrorCode): number {
  return codes[code].httpStatus;
}

/** The code that a WebSocket is closed with for an error; undefined where it is an answer to one operation. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  return codeTable[code].closeCode;
}

/** Facts that go into a GraphQL error's `extensions` beside `code`: plain JSON, 64-bit numbers as strings. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/**
 * An error whose message and facts may be shown to the client. `extensions` is what GraphQL carries. What only the
 * operator may know is the `cause`: it goes to the log, and to no client. It has no stack trace, since a client may
 * ask for thousands of errors at once.
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

/** Stops the recording of stack traces. Gives the limit to set again. */
function stopStacks(): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  return stackTraceLimit;
}

/**
 * What `make` gives, made without recording stack traces: they take most of the time of an error, and thousands may
 * stand in one answer. For errors made on purpose, whose message says where they are from.
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
