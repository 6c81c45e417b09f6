/** HTTP responses as bytes: whether they are complete, and what they contain. */

/** Codes that a client may get for any request. */
export const expectedCodes: ReadonlySet<string> = new Set([
  // Of the service.
  'UNAUTHENTICATED',
  'ACCESS_DENIED',
  'INVALID_PARTITION_ID',
  'INVALID_VP_INDEX',
  'INVALID_PARAMETER',
  'PAGE_MALFORMED',
  'PAGE_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  // Of requests that never become an operation.
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'FOREIGN_HOST',
  'FOREIGN_ORIGIN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'NOT_FOUND',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_DOCUMENT_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'UNSUPPORTED_MEDIA_TYPE',
]);

/** One answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answers to requests of these methods, in their order. Throws where one is not whole. */
export function readAnswers(bytes: Buffer, methods: readonly string[]): HttpAnswer[] {
  const answers: HttpAnswer[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const { answer, length } = readAnswer(rest, methods[answers.length]);
    // Interim responses (100) do not count.
    if (answer.status >= 200) answers.push(answer);
    rest = rest.subarray(length);
  }
  return answers;
}

/** What is wrong with a response; empty if a client may receive it. */
export function problemsOf({ status, headers, body }: HttpAnswer): string[] {
  const type = headers['content-type'] ?? '';
  // 501 is for codings of the body that are not read.
  if (status >= 500 && status !== 501) return [`status ${status}`];
  // Node itself answers what is no HTTP, without a body; and there is the page, and what ws says of a handshake.
  if (body === '' || type.startsWith('text/html')) return [];
  const results = type.startsWith('text/event-stream') ? resultsIn(body) : [body];
  return results.flatMap((result) => problemsOfResult(JSON.parse(result)));
}

/** What is wrong with a result of GraphQL, or another answer in JSON. */
export function problemsOfResult(result: unknown): string[] {
  if (typeof result !== 'object' || result === null) return [`${JSON.stringify(result)} is no result`];
  if (!('errors' in result)) return 'data' in result || 'status' in result ? [] : ['there is no data'];
  const { errors } = result;
  if (!Array.isArray(errors) || errors.length === 0) return ['there are errors, but none'];
  return errors.flatMap((error: { message?: unknown; extensions?: { code?: unknown } }) => {
    const code = error.extensions?.code;
    const isTold = typeof error.message === 'string' && error.message !== '';
    return isTold && expectedCodes.has(String(code)) ? [] : [`the error ${JSON.stringify(error)}`];
  });
}

function resultsIn(events: string): string[] {
  return [...events.matchAll(/^event: next\ndata: (.*)$/gm)].map(([, data = '']) => data);
}

function readAnswer(bytes: Buffer, method = 'GET'): { answer: HttpAnswer; length: number } {
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...lines] = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? Number.NaN);
  if (Number.isNaN(status))
    throw new Error(`not an answer: ${JSON.stringify(bytes.subarray(0, 300).toString())}`);
  const headers = Object.fromEntries(
    lines.map((header) => {
      const at = header.indexOf(':');
      return [header.slice(0, at).toLowerCase(), header.slice(at + 1).trim()];
    }),
  );
  const start = end + 4;
  const rest = bytes.subarray(start);
  // Whether an unreadable request asked for the head only is unknown. Such an answer has no id.
  const isOfUnread = 'content-type' in headers && !('x-request-id' in headers);
  const isHead = method === 'HEAD' && !isOfUnread;
  const hasBody = !isHead && status >= 200 && status !== 204 && status !== 304;
  const { body, length } = hasBody ? readBody(rest, headers) : { body: '', length: 0 };
  return { answer: { status, headers, body }, length: start + length };
}

function readBody(rest: Buffer, headers: Readonly<Record<string, string>>): { body: string; length: number } {
  const declared = headers['content-length'];
  if (declared !== undefined) {
    const length = Number(declared);
    if (rest.length < length) throw new Error(`${rest.length} bytes of ${declared}`);
    return { body: rest.subarray(0, length).toString(), length };
  }
  if (headers['transfer-encoding'] !== 'chunked') return { body: rest.toString(), length: rest.length };
  let [body, at] = ['', 0];
  for (;;) {
    const end = rest.indexOf('\r\n', at);
    const size = Number.parseInt(rest.subarray(at, end).toString(), 16);
    // A stream of events ends when its client disconnects.
    if (end === -1 || Number.isNaN(size)) {
      if (/event-stream/.test(headers['content-type'] ?? '')) return { body, length: rest.length };
      throw new Error('a chunked body without an end');
    }
    body += rest.subarray(end + 2, end + 2 + size).toString();
    at = end + 2 + size + 2;
    if (size === 0) return { body, length: at };
  }
}
