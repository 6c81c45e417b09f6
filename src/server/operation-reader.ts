/** Reads the operation of an HTTP request and checks it against the allowlist. */
import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { isObject, nestingLimit, parseJsonText } from '../lib/json.ts';
import type { Allow, AllowedOperation } from './allowlist.ts';
import type { OperationRequest } from './named-document.ts';
import { charactersOfDocument } from './document-store.ts';
import { badRequest, HttpError } from './http/http-error.ts';

/** The maximum size of a request body and of a WebSocket message. */
export const bodyLimitInBytes = 1_048_576;

/** Operations with longer bodies and query strings are not cached. */
const knownLengthLimit = 8_192;
/** The total size of cached bodies and query strings, in characters. */
const knownCharacters = 131_072;

/** Reads the operation of a request, synchronously if no body has to arrive, and passes it to `take`, if given. */
export type ReadOperation = (
  exchange: {
    readonly request: IncomingMessage;
    /** The query string. */
    readonly search: string;
  },
  take?: (operation: AllowedOperation) => MaybePromise<AllowedOperation>,
) => MaybePromise<AllowedOperation>;

/**
 * Reads the query string of a GET or the JSON body of a POST (GraphQL over HTTP, 5). Throws, or rejects with, an
 * HttpError. An allowed operation depends only on the bytes of the request and is cached by them, so the same bytes return
 * the same object. A refusal is not cached.
 */
export function operationReader(allow: Allow): ReadOperation {
  const known = new LRUCache<string, AllowedOperation>({
    maxSize: knownCharacters,
    sizeCalculation: (_, bytes) => bytes.length + charactersOfDocument,
  });
  // Most requests repeat the previous one, and comparing its bytes is faster than a lookup, which hashes them.
  let newest: { readonly key: string; readonly operation: AllowedOperation } | null = null;
  const readOnce = (key: string, read: () => OperationRequest): AllowedOperation => {
    if (newest !== null && newest.key === key) return newest.operation;
    if (key.length > knownLengthLimit) return allow(read());
    let operation = known.get(key);
    if (operation === undefined) known.set(key, (operation = allow(read())));
    newest = { key, operation };
    return operation;
  };
  return ({ request, search }, take = (operation) => operation) => {
    // JSON never begins with a question mark, so a query string cannot be mistaken for a body.
    if (request.method === 'GET')
      return take(readOnce(`?${search}`, () => readQuery(new URLSearchParams(search))));
    checkContentType(request);
    return new Promise((resolve, reject) => {
      onBody(request, (body) => {
        try {
          if (body instanceof HttpError) throw body;
          // In Latin-1 each byte is a character, so different bodies are different strings.
          resolve(take(readOnce(body.toString('latin1'), () => parseBody(body))));
        } catch (thrown) {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- thrown by others
          reject(thrown);
        }
      });
    });
  };
}

/** The parameters in the JSON of a request on another transport than HTTP. Throws an HttpError. */
export function readOperationBody(body: Uint8Array): OperationRequest {
  if (body.length > bodyLimitInBytes) throw tooLong(body.length);
  return parseBody(body);
}

function readQuery(query: URLSearchParams): OperationRequest {
  const text = (name: string): string | undefined => query.get(name) ?? undefined;
  const json = (name: string): OperationRequest | undefined => {
    const value = query.get(name);
    // As in a body, null means that the parameter is not given.
    const isGiven = value !== null && value !== '' && value.trim() !== 'null';
    return isGiven ? parseObject(value, `The parameter ${name}`) : undefined;
  };
  return {
    query: text('query'),
    documentId: text('documentId'),
    doc_id: text('doc_id'),
    operationName: text('operationName'),
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

/** Calls back once with the body or an error; never if the client disconnects before the end of the body. */
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
      // Read to the end and discarded: otherwise the client could neither finish sending it nor reuse the connection.
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

function readText(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw badRequest('The body is not UTF-8.');
  }
}

function checkContentType({ headers }: IncomingMessage): void {
  const { 'content-type': given = '', 'content-encoding': encoding } = headers;
  if (given === 'application/json' && encoding === undefined) return;
  const [mediaType = '', ...parameters] = given.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType === 'application/json' && isUtf8 && encoding === undefined) return;
  const there = given === '' ? 'none' : JSON.stringify(given.slice(0, 100));
  throw new HttpError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The body needs the content type application/json in UTF-8, not ${there}` +
      `${encoding === undefined ? '' : ' with a content encoding'}.`,
    { headers: { accept: 'application/json' } },
  );
}

function tooLong(actual: number): HttpError {
  const message = `The body has more than ${bodyLimitInBytes} bytes, the most that is read.`;
  return new HttpError('LIMIT_EXCEEDED', message, { facts: { limit: bodyLimitInBytes, actual } });
}

function parseBody(body: Uint8Array): OperationRequest {
  return parseObject(readText(body), 'The body', '; batching is not supported');
}

/** `aboutArrays` is added to the message for an array. */
function parseObject(text: string, place: string, aboutArrays = ''): OperationRequest {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch (thrown) {
    const isDeep = thrown instanceof RangeError;
    const problem = isDeep ? `needs to be nested at most ${nestingLimit} deep` : 'is not valid JSON';
    throw badRequest(`${place} ${problem}.`);
  }
  if (isObject(value)) return value;
  const kind = value === null ? 'null' : `a ${typeof value}`;
  const there = Array.isArray(value) ? `an array${aboutArrays}` : kind;
  throw badRequest(`${place} needs to be a JSON object, but is ${there}.`);
}
