/** The operation that an HTTP request carries: a document, its variables, which of its operations to run. */
import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import { isObject } from '../lib/json.ts';
import type { Allow, AllowedOperation } from './allowlist.ts';
import { charactersOfDocument } from './document-store.ts';
import { HttpError } from './http/http-error.ts';
import { nestingLimit, parseJsonText } from './json-text.ts';

/** The parameters as they came: nothing is checked of them; of which document they speak, the admission reads. */
export type OperationRequest = Readonly<Record<string, unknown>>;

/** Upper bound for the body of a request, and for a message by WebSocket. */
export const bodyLimitInBytes = 1_048_576;

/** Longest body or query string, in characters, that is kept with what was read from it: longer ones are few. */
const knownLengthLimit = 8_192;
/** Characters of bodies and query strings that are kept. */
const knownCharacters = 131_072;

/** Reads the operation of a request, at once where nothing has to come in first. */
export type ReadOperation = (exchange: Asked) => Promise<AllowedOperation> | AllowedOperation;

/** What an operation is read from. */
interface Asked {
  readonly request: IncomingMessage;
  /** The query string. */
  readonly search: string;
}

/**
 * Reads the operation from the query string of a GET or the JSON body of a POST (GraphQL over HTTP, 5), and asks the
 * allowlist. Throws, or rejects with, an HttpError where it cannot be read or is not allowed. A body that is too long
 * is not kept. An allowed operation is kept by the exact bytes of its request, whoever sent them, since it depends on
 * nothing else: the same bytes give the same object. A refusal is not kept.
 */
export function operationReader(allow: Allow): ReadOperation {
  const known = new LRUCache<string, AllowedOperation>({
    maxSize: knownCharacters,
    sizeCalculation: (_, bytes) => bytes.length + charactersOfDocument,
  });
  // Many requests in a row are the same one: comparing two texts takes less than finding one among many.
  let newest: { readonly key: string; readonly operation: AllowedOperation } | null = null;
  const remembered = (key: string, read: () => OperationRequest): AllowedOperation => {
    if (newest?.key === key) return newest.operation;
    let operation = known.get(key);
    if (operation === undefined) known.set(key, (operation = allow(read())));
    newest = { key, operation };
    return operation;
  };
  return ({ request, search }) => {
    // No JSON begins with a question mark, so a query string is never taken for a body.
    if (request.method === 'GET') {
      const read = (): OperationRequest => readQuery(new URLSearchParams(search));
      return search.length > knownLengthLimit ? allow(read()) : remembered(`?${search}`, read);
    }
    checkContentType(request);
    return new Promise((resolve, reject) => {
      onBody(request, (body) => {
        try {
          if (body instanceof HttpError) throw body;
          const read = (): OperationRequest => parseObject(readText(body), 'The body');
          // In Latin-1 each byte is a character: no two bodies are the same text.
          const isLong = body.length > knownLengthLimit;
          resolve(isLong ? allow(read()) : remembered(body.toString('latin1'), read));
        } catch (thrown) {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown goes on
          reject(thrown);
        }
      });
    });
  };
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

/**
 * Calls back once with the body, or with why it is not read. Where the client goes away before the end of it, nothing
 * comes any more: nobody waits, and what has come is garbage.
 */
function onBody(request: IncomingMessage, callback: (body: Buffer | HttpError) => void): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bodyLimitInBytes) {
    callback(tooLong(declared));
    return;
  }
  let first: Buffer | null = null;
  let more: Buffer[] | null = null;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    const isTooLong = length > bodyLimitInBytes;
    length += chunk.length;
    if (length > bodyLimitInBytes) {
      // Read to its end, but not kept: the client could neither finish sending it nor use the connection again.
      [first, more] = [null, null];
      if (!isTooLong) callback(tooLong(length));
    } else if (first === null) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  request.on('end', () => {
    if (length <= bodyLimitInBytes) callback(more === null ? (first ?? empty) : Buffer.concat(more, length));
  });
}

const empty = Buffer.alloc(0);
const utf8 = new TextDecoder('utf-8', { fatal: true });

function readText(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw badRequest('The body is not UTF-8.');
  }
}

function checkContentType({ headers }: IncomingMessage): void {
  const given = headers['content-type'] ?? '';
  if (given === 'application/json' && headers['content-encoding'] === undefined) return;
  const [mediaType = '', ...parameters] = given.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType === 'application/json' && isUtf8 && headers['content-encoding'] === undefined) return;
  const encoding = headers['content-encoding'] === undefined ? '' : ' with a content encoding';
  const there = given === '' ? 'none' : JSON.stringify(given.slice(0, 100));
  throw new HttpError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The body needs the content type application/json in UTF-8, not ${there}${encoding}.`,
    { headers: { accept: 'application/json' } },
  );
}

function tooLong(actual: number): HttpError {
  const message = `The body has more than ${bodyLimitInBytes} bytes, the most that is read.`;
  return new HttpError('LIMIT_EXCEEDED', message, { facts: { limit: bodyLimitInBytes, actual } });
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
  throw new HttpError('BAD_REQUEST', `${place} needs to be a JSON object, but is ${there}.`);
}

function badRequest(message: string): HttpError {
  return new HttpError('BAD_REQUEST', message);
}
