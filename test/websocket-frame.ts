/** Frames of WebSocket as bytes (RFC 6455, 5.2), good and bad, and the request that opens one. */

/** What the key of `handshake` is answered with. */
export const handshakeKey = Buffer.alloc(16, 7).toString('base64');

/** The request that opens a WebSocket. */
export const handshake = Buffer.from(
  [
    'GET /graphql HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${handshakeKey}`,
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    '\r\n',
  ].join('\r\n'),
);

/** What a frame consists of. */
export interface FrameParts {
  readonly payload?: Buffer | string;
  /** 1, a text, where it is not given. */
  readonly opcode?: number;
  /** The three reserved bits. */
  readonly reserved?: number;
  readonly isLast?: boolean;
  readonly isMasked?: boolean;
  /** How many bytes longer it says that it is. */
  readonly lie?: number;
  /** How many bytes the length is written in; as few as possible where it is not given. */
  readonly lengthBytes?: 1 | 3 | 9;
}

/** A frame of a client. */
export function frame(parts: FrameParts): Buffer {
  const { opcode = 1, reserved = 0, isLast = true, isMasked = true, lie = 0 } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const length = payload.length + lie;
  const size = Buffer.alloc(parts.lengthBytes ?? (length < 126 ? 1 : length < 65_536 ? 3 : 9));
  if (size.length === 3) size.writeUInt16BE(length, 1);
  if (size.length === 9) size.writeBigUInt64BE(BigInt(length), 1);
  size[0] = (isMasked ? 0x80 : 0) | (size.length === 1 ? length : size.length === 3 ? 126 : 127);
  const first = Buffer.from([(isLast ? 0x80 : 0) | (reserved << 4) | opcode]);
  if (!isMasked) return Buffer.concat([first, size, payload]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([first, size, mask, payload.map((byte, n) => byte ^ (mask[n % 4] ?? 0))]);
}

/** A frame of the service. */
export interface ReadFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** All of its bytes. */
  readonly length: number;
}

/** The first frame of these bytes. Throws where it is not whole. */
export function readFrame(bytes: Buffer): ReadFrame {
  const short = (bytes[1] ?? 0) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  const isHeadWhole = bytes.length >= start;
  const size = !isHeadWhole
    ? 0
    : short < 126
      ? short
      : short === 126
        ? bytes.readUInt16BE(2)
        : Number(bytes.readBigUInt64BE(2));
  if (!isHeadWhole || bytes.length < start + size)
    throw new Error(`half a frame: ${bytes.subarray(0, 100).toString('hex')}`);
  return {
    opcode: (bytes[0] ?? 0) & 0x0f,
    payload: bytes.subarray(start, start + size),
    length: start + size,
  };
}
