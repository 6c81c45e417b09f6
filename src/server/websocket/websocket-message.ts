/** Messages of graphql-transport-ws (graphql-ws's PROTOCOL.md), and the credentials of a connection_init message. */
import type { ExecutionResult } from 'graphql';
import { MessageType, validateMessage, type ConnectionInitMessage } from 'graphql-ws';
import { isObject, parseJsonText } from '../../lib/json.ts';
import type { OperationRequest } from '../named-document.ts';
import { formatErrors, memoizeOnResult, rebaseWithin, resultBytes } from '../result-bytes.ts';

/** A subscribe message whose parameters are unchecked. */
export interface OperationMessage {
  readonly type: MessageType.Subscribe;
  /** Chosen by the client. */
  readonly id: string;
  readonly payload: OperationRequest;
}

/** What a client may send. */
export type ClientMessage =
  | ConnectionInitMessage
  | OperationMessage
  | { readonly type: MessageType.Ping; readonly payload?: Record<string, unknown> | undefined }
  | { readonly type: MessageType.Pong }
  | { readonly type: MessageType.Complete; readonly id: string };

/** An id goes into every message of its operation. */
const idLimitInCharacters = 256;
/** The payload of a close frame has 125 bytes, two of them for the code (RFC 6455, 5.5). */
const reasonLimitInBytes = 123;

/**
 * Reads a message; null where a client may not send it. The payload of a subscribe message is not checked here: the
 * pipeline answers bad parameters as on every other transport, and the other operations of the connection go on.
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
 * The same message as a whole frame. A server's frames are not masked (RFC 6455, 5.1), so operations with the same id
 * share the bytes: clients with one operation nearly always choose the same.
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

/** The header of a frame that is a whole text message (RFC 6455, 5.2). */
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

/** The message that an operation could not run. */
export function errorMessage(id: string, errors: NonNullable<ExecutionResult['errors']>): Buffer {
  return Buffer.from(JSON.stringify({ id, type: MessageType.Error, payload: formatErrors(errors) }));
}

/** The message that an operation is over. */
export function completeMessage(id: string): Buffer {
  return Buffer.from(JSON.stringify({ id, type: MessageType.Complete }));
}

/** The answer to a ping, with the ping's payload. */
export function pongMessage(payload: Record<string, unknown> | undefined): Buffer {
  return Buffer.from(JSON.stringify({ type: MessageType.Pong, payload }));
}

/** The message that a caller has been identified. */
export const ackMessage = Buffer.from(JSON.stringify({ type: MessageType.ConnectionAck }));

/** A text shortened to what a close frame holds, without half a character at its end. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= reasonLimitInBytes) return text;
  // Three bytes for the ellipsis; a character cut in half becomes U+FFFD, which would take three as well.
  const kept = bytes.subarray(0, reasonLimitInBytes - 3).toString('utf8');
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}

/** What a payload says of its sender. */
export interface InitCredentials {
  /** Such as "Bearer <token>"; null without one that can be used. */
  readonly authorization: string | null;
  /** The kind of an authorization that cannot be used; null without such. */
  readonly conflictingAuthorization: string | null;
  /** Why `authorization` is null, for the client; null where nothing is wrong, or nothing is there. */
  readonly problem: string | null;
}

type Payload = Readonly<Record<string, unknown>>;

/** Longer names of keys are cut: the reason of a close frame has 123 bytes. */
const shownCharacters = 24;

/**
 * Reads the credentials: `Authorization` in any case, at the top level or under `headers`, since clients put it in either
 * place. Two different ones are refused: which of them counts would depend on their order.
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
  /** Its own name, and with `headers.` where it stands there. */
  readonly name: string;
  readonly path: string;
  readonly value: unknown;
}

/** The entries of a payload and of its `headers`; those that are null count as absent. */
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
