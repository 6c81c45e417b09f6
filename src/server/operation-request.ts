/** The operation that an HTTP request carries: a document, its variables, which of its operations to run. */
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './http-problem.ts';
import { nestingLimit, parseJsonText } from './json-text.ts';

/** The parameters as they came: nothing is checked of them; of which document they speak, the admission reads. */
export type OperationRequest = Readonly<Record<string, unknown>>;

/** More is no question that a person or a program asks here. */
export const bodyLimitInBytes = 1_048_576;

/**
 * The operation in the address of a GET or in the JSON body of a POST (GraphQL over HTTP, 5). Throws an HttpProblem
 * where there is no reading it. A body that is too long is not kept.
 */
export async function readOperationRequest(
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<OperationRequest> {
  return request.method === 'GET' ? readQuery(query) : parseObject(await readBody(request), 'The body');
}

function readQuery(query: URLSearchParams): OperationRequest {
  const json = (name: string): OperationRequest | undefined => {
    const text = query.get(name);
    return text === null || text === '' ? undefined : parseObject(text, `The parameter ${name}`);
  };
  return {
    query: query.get('query') ?? undefined,
    documentId: query.get('documentId') ?? undefined,
    operationName: query.get('operationName') ?? undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  checkContentType(request);
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bodyLimitInBytes) throw tooLong(declared);
  const chunks: Buffer[] = [];
  let length = 0;
  // The stream must outlive a body that is too long, or its answer would find no connection.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bodyLimitInBytes) break;
    chunks.push(chunk);
  }
  if (length > bodyLimitInBytes) {
    // Read to its end, but not kept: the client could neither finish sending it nor use the connection again.
    request.resume();
    throw tooLong(length);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, length));
  } catch {
    throw badRequest('The body is not UTF-8.');
  }
}

function checkContentType({ headers }: IncomingMessage): void {
  const given = headers['content-type'] ?? '';
  const [mediaType = '', ...parameters] = given.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType === 'application/json' && isUtf8 && headers['content-encoding'] === undefined) return;
  const encoding = headers['content-encoding'] === undefined ? '' : ' with a content encoding';
  const there = given === '' ? 'none' : JSON.stringify(given.slice(0, 100));
  throw new HttpProblem(
    `The body needs the content type application/json in UTF-8, not ${there}${encoding}.`,
    {
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      headers: { accept: 'application/json' },
    },
  );
}

function tooLong(actual: number): HttpProblem {
  const message = `The body has more than ${bodyLimitInBytes} bytes, the most that is read.`;
  return new HttpProblem(message, {
    status: 413,
    code: 'LIMIT_EXCEEDED',
    facts: { limit: bodyLimitInBytes, actual },
  });
}

function parseObject(text: string, place: string): OperationRequest {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch (thrown) {
    const problem =
      thrown instanceof RangeError ? `needs to be nested at most ${nestingLimit} deep` : 'is not valid JSON';
    throw badRequest(`${place} ${problem}.`);
  }
  if (isObject(value)) return value;
  const there = Array.isArray(value)
    ? 'an array; batches are not answered'
    : value === null
      ? 'null'
      : typeof value;
  throw new HttpProblem(`${place} needs to be a JSON object, but is ${there}.`, {
    status: 400,
    code: 'BAD_REQUEST',
  });
}

function isObject(value: unknown): value is OperationRequest {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function badRequest(message: string): HttpProblem {
  return new HttpProblem(message, { status: 400, code: 'BAD_REQUEST' });
}
