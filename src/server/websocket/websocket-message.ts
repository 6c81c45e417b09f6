/** Messages of graphql-transport-ws (graphql-ws's PROTOCOL.md) as they come and go. */
import type { ExecutionResult } from 'graphql';
import { MessageType, validateMessage, type ConnectionInitMessage } from 'graphql-ws';
import { isObject, parseJsonText } from '../../lib/json.ts';
import type { OperationRequest } from '../operation-reader.ts';
import { formatErrors, keepWithin, KeptWithResult, resultBytes } from '../result-bytes.ts';

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

const newestFrames = new KeptWithResult<{ readonly id: string; readonly bytes: Buffer }>();

/**
 * The same message as a whole frame. A server's frames are not masked (RFC 6455, 5.1), so operations with the same id
 * share the bytes: clients with one operation nearly always choose the same.
 */
export function nextFrame(id: string, result: ExecutionResult): Buffer {
  const newest = newestFrames.of(result);
  if (newest?.id === id) return newest.bytes;
  const [start, answer] = [nextStart(id), resultBytes(result)];
  const header = textFrameHeader(start.length + answer.length + nextEnd.length);
  const bytes = Buffer.concat([header, start, answer, nextEnd]);
  keepWithin(bytes, { result, start: header.length + start.length });
  newestFrames.keep(result, { id, bytes });
  return bytes;
}

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

/** A text cut to what a close frame holds, without half a character at its end. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= reasonLimitInBytes) return text;
  // Three bytes for the ellipsis; a character cut in half becomes U+FFFD, which would take three as well.
  const kept = bytes.subarray(0, reasonLimitInBytes - 3).toString('utf8');
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}
