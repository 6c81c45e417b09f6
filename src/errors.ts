/**
 * Every error code of the service, on one screen. An error made here is meant for a client: its message says what,
 * where, what was needed and what was there; its facts are machine-readable. Any other error is masked at the edge.
 */
export type ErrorCode = keyof typeof codes;

/** Codes that refuse a request before it is an operation. */
export type HttpErrorCode = {
  [Code in ErrorCode]: (typeof codes)[Code] extends { httpStatus: number } ? Code : never;
}[ErrorCode];

/** `hvStatus` is the hypervisor's own status (TLFS 2.0a, chapter 21). */
const codes = {
  ACCESS_DENIED: { hvStatus: 'HV_STATUS_ACCESS_DENIED' },
  INVALID_PARTITION_ID: { hvStatus: 'HV_STATUS_INVALID_PARTITION_ID' },
  INVALID_VP_INDEX: { hvStatus: 'HV_STATUS_INVALID_VP_INDEX' },
  INVALID_PARAMETER: { hvStatus: 'HV_STATUS_INVALID_PARAMETER' },
  PAGE_MALFORMED: {},
  PAGE_UNAVAILABLE: {},
  BAD_REQUEST: { httpStatus: 400 },
  PERSISTED_DOCUMENT_NOT_FOUND: { httpStatus: 400 },
  PERSISTED_QUERY_NOT_SUPPORTED: { httpStatus: 400 },
  UNAUTHENTICATED: { httpStatus: 401 },
  FOREIGN_HOST: { httpStatus: 403 },
  FOREIGN_ORIGIN: { httpStatus: 403 },
  OPERATION_NOT_ALLOWED: { httpStatus: 403 },
  NOT_FOUND: { httpStatus: 404 },
  METHOD_NOT_ALLOWED: { httpStatus: 405 },
  NOT_ACCEPTABLE: { httpStatus: 406 },
  LIMIT_EXCEEDED: { httpStatus: 413 },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415 },
  INTERNAL_SERVER_ERROR: { httpStatus: 500 },
  CLOSING: { httpStatus: 503 },
} as const satisfies Record<string, { readonly httpStatus?: number; readonly hvStatus?: string }>;

/** The HTTP status of a request that is refused with a code. */
export function httpStatusOf(code: HttpErrorCode): number {
  return codes[code].httpStatus;
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
    const { hvStatus }: { readonly httpStatus?: number; readonly hvStatus?: string } = codes[code];
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

/** Mistakes of whoever started the program: in flags, variables, files. Reported all at once, exit code 2. */
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

/** What is wrong according to a check that throws UsageErrors; whatever else it throws goes on. */
export function problemsOf(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (thrown) {
    if (thrown instanceof UsageError) return [...thrown.problems];
    throw thrown;
  }
}
