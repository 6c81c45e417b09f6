/** Messages of graphql-transport-ws (graphql-ws's PROTOCOL.md), and the credentials of a connection_init message. */
import type { ExecutionResult } from 'graphql';
import { MessageType, validateMessage, type ConnectionInitMessage } from 'graphql-ws';
import { isObject, parseJsonText } from '../../lib/json.ts';
import type { OperationRequest } from '../named-document.ts';
import { formatErrors, memoizeOnResult, rebaseWithin, resultBytes } from '../result-bytes.ts';

/** A subscribe message whose parameters are unchecked. */
export interface OperationMessage {
  readonly type: MessageType.Subscribe;
  /** The operation id, chosen by the client. */
  readonly id: string;
  readonly payload: OperationRequest;
}

/** The messages that a client may send. */
export type ClientMessage =
  | ConnectionInitMessage
  | OperationMessage
  | { readonly type: MessageType.Ping; readonly payload?: Record<string, unknown> | undefined }
  | { readonly type: MessageType.Pong }
  | { readonly type: MessageType.Complete; readonly id: string };

/** Limits the length of ids, because every message of an operation contains its id. */
const idLimitInCharacters = 256;
/** The payload of a close frame has at most 125 bytes, two of them for the code (RFC 6455, 5.5). */
const reasonLimitInBytes = 123;

/**
 * Parses a message; null if a client may not send it. The payload of a subscribe message is not checked here: the pipeline
 * refuses bad parameters as on every other transport, and the other operations of the connection continue.
 */
export function readMessage(text: string): ClientMessage | null {
  try {
    const message = parseJsonText(text);
    if (isObject(message) && message['type'] === MessageType.Subscribe) return readSubscribe(message);
    const checked = validateMessage(message);
    if ('id' in checked && checked.id.length > idLimitInCharacters) return null;
    switch (checked.type) {
      case MessageType.Subscribe:
      case MessageType.ConnectionAck:
      case MessageType.Next:
      case MessageType.Error:
        return null;
      default:
        return checked;
    }
  } catch {
    return null;
  }
}

function readSubscribe({ id, payload }: Readonly<Record<string, unknown>>): ClientMessage | null {
  if (typeof id !== 'string' || id === '' || id.length > idLimitInCharacters) return null;
  return isObject(payload) ? { type: MessageType.Subscribe, id, payload } : null;
}

/** The `next` message of an operation. */
export function nextMessage(id: string, result: ExecutionResult): Buffer {
  return Buffer.concat([nextStart(id), resultBytes(result), nextEnd]);
}

function nextStart(id: string): Buffer {
  return Buffer.from(`{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":`);
}
const nextEnd = Buffer.from('}');

/**
 * The same message as a complete frame. A server's frames are not masked (RFC 6455, 5.1), so operations with the same id
 * can share the bytes, and clients with one operation nearly always choose the same id.
 */
export function nextFrame(id: string, result: ExecutionResult): Buffer {
  return newestFrame(result, id).bytes;
}

const newestFrame = memoizeOnResult(
  (result, id: string) => {
    const [start, answer] = [nextStart(id), resultBytes(result)];
    const header = textFrameHeader(start.length + answer.length + nextEnd.length);
    const bytes = Buffer.concat([header, start, answer, nextEnd]);
    rebaseWithin(bytes, { result, start: header.length + start.length });
    return { id, bytes };
  },
  (newest, id) => newest.id === id,
);

/** The header of a frame with a complete text message (RFC 6455, 5.2). */
function textFrameHeader(length: number): Buffer {
  const size = length < 126 ? length : length < 65_536 ? 126 : 127;
  const header = Buffer.alloc(size === 127 ? 10 : size === 126 ? 4 : 2);
  header[0] = finalText;
  header[1] = size;
  if (size === 126) header.writeUInt16BE(length, 2);
  if (size === 127) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
const finalText = 0x81;

/** The `error` message of an operation that could not run. */
export function errorMessage(id: string, errors: NonNullable<ExecutionResult['errors']>): Buffer {
  return Buffer.from(JSON.stringify({ id, type: MessageType.Error, payload: formatErrors(errors) }));
}

/** The `complete` message of an operation. */
export function completeMessage(id: string): Buffer {
  return Buffer.from(JSON.stringify({ id, type: MessageType.Complete }));
}

/** The reply to a ping, with the ping's payload. */
export function pongMessage(payload: Record<string, unknown> | undefined): Buffer {
  return Buffer.from(JSON.stringify({ type: MessageType.Pong, payload }));
}

/** The message that a caller has been authenticated. */
export const ackMessage = Buffer.from(JSON.stringify({ type: MessageType.ConnectionAck }));

/** Shortens a text to the length that fits in a close frame, without splitting a character. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= reasonLimitInBytes) return text;
  // Three bytes for the ellipsis. A split character becomes U+FFFD, which would also take three.
  const kept = bytes.subarray(0, reasonLimitInBytes - 3).toString('utf8');
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}

/** The credentials in a payload. */
export interface InitCredentials {
  /** A value such as "Bearer <token>"; null if there is no usable one. */
  readonly authorization: string | null;
  /** The kind of an unusable authorization, otherwise null. */
  readonly conflictingAuthorization: string | null;
  /** Why the authorization is unusable, for the client; null if it is usable or missing. */
  readonly problem: string | null;
}

type Payload = Readonly<Record<string, unknown>>;

/** Longer key names are shortened, because the reason of a close frame has at most 123 bytes. */
const shownCharacters = 24;

/**
 * Reads the credentials: `Authorization` in upper or lower case, at the top level or under `headers`, because clients use
 * either place. Two different values are refused, because the choice would depend on their order.
 */
export function readInitCredentials(payload: Payload | null | undefined): InitCredentials {
  const entries = entriesOf(payload ?? {});
  const authorizations = entries.filter(({ name }) => name.toLowerCase() === 'authorization');
  const [first, ...others] = authorizations;
  if (first === undefined) {
    const [stray] = entries;
    const problem =
      stray && `No identity was given: expected "Authorization", but connection_init has ${shown(stray)}.`;
    return { authorization: null, conflictingAuthorization: null, problem: problem ?? null };
  }
  const odd = authorizations.find(({ value }) => typeof value !== 'string');
  if (odd !== undefined) {
    const kind = Array.isArray(odd.value) ? 'array' : typeof odd.value;
    const problem = `In connection_init, ${shown(odd)} is of type ${kind}; expected "Bearer <token>".`;
    return { authorization: null, conflictingAuthorization: kind, problem };
  }
  const other = others.find(({ value }) => value !== first.value);
  if (other !== undefined) {
    const problem = `In connection_init, ${shown(first)} and ${shown(other)} differ: give one authorization.`;
    return { authorization: null, conflictingAuthorization: 'two', problem };
  }
  return { authorization: first.value as string, conflictingAuthorization: null, problem: null };
}

interface Entry {
  /** Its name, with the prefix `headers.` if it is there. */
  readonly name: string;
  readonly path: string;
  readonly value: unknown;
}

/** The entries of a payload and of its `headers`. Null values count as absent. */
function entriesOf(payload: Payload): readonly Entry[] {
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(payload)) {
    if (value === null) continue;
    const inner = name === 'headers' && typeof value === 'object' ? Object.entries(value) : null;
    if (inner === null) entries.push({ name, path: name, value });
    for (const [key, header] of inner ?? []) {
      if (header !== null) entries.push({ name: key, path: `headers.${key}`, value: header });
    }
  }
  return entries;
}

function shown({ path }: Entry): string {
  return JSON.stringify(path.length > shownCharacters ? `${path.slice(0, shownCharacters)}…` : path);
}
