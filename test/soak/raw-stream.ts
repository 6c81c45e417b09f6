/** A client with minimal overhead, so that the service is measured: one socket each, and little parsing. */
import { connect, type Socket } from 'node:net';
import { eventStreamRequest } from '../raw-client.ts';

/** The operation of a stream, and its service. */
export interface StreamRequest {
  readonly port: number;
  readonly token: string;
  readonly query: string;
  /** The loopback address to come from: each has 28,000 ports. */
  readonly localAddress: string;
}

/** Receives the events. */
export interface StreamSink {
  /** An event, once it is complete. The bytes are overwritten as soon as this returns. */
  event(bytes: Buffer): void;
  /** The connection has ended, or something other than an event was received. */
  failed(why: string): void;
}

/** Opens a stream; returns its socket. */
export type OpenStream = (request: StreamRequest, sink: StreamSink) => Socket;

/** Consumes as many of the bytes as possible, and returns how many. */
type Parse = (bytes: Buffer) => number;

/**
 * All sockets of the process read into the same place, one after the other: streams of node and buffers of their own
 * would take more of the machine than the service that is measured.
 */
const inbox = Buffer.allocUnsafeSlow(262_144);

function connectRaw({ port, localAddress }: StreamRequest, parse: Parse): Socket {
  let rest: Buffer | null = null;
  const socket = connect({
    port,
    host: '127.0.0.1',
    localAddress,
    onread: {
      buffer: inbox,
      callback: (length) => {
        const come = inbox.subarray(0, length);
        const bytes: Buffer = rest === null ? come : Buffer.concat([rest, come]);
        const taken = parse(bytes);
        rest = taken === bytes.length ? null : Buffer.from(bytes.subarray(taken));
        return true;
      },
    },
  });
  socket.setNoDelay();
  return socket;
}

const headEnd = Buffer.from('\r\n\r\n');
const carriageReturn = 0x0d;
const lineEnd = 2;
const nextEvent = 'event: next\ndata: ';

/** By Server-Sent Events, each of them a chunk (RFC 9112, 7.1). */
export const openEventStream: OpenStream = (request, sink) => {
  let hasHead = false;
  const socket = connectRaw(request, (bytes) => {
    let taken = 0;
    if (!hasHead) {
      const end = bytes.indexOf(headEnd);
      if (end === -1) return 0;
      hasHead = true;
      if (!bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 200')) {
        sink.failed(bytes.toString('latin1', 0, 200));
      }
      taken = end + headEnd.length;
    }
    for (let read = readChunk(bytes, taken); read !== null; read = readChunk(bytes, taken)) {
      taken = read.end;
      const { chunk } = read;
      if (chunk.toString('latin1', 0, nextEvent.length) === nextEvent) sink.event(chunk);
      else if (chunk.includes('event:')) sink.failed(chunk.toString('latin1', 0, 200));
    }
    return taken;
  });
  watchEnd(socket, sink);
  socket.write(eventStreamRequest(request));
  return socket;
};

/** The chunk that starts there; null where not all of it has come. */
function readChunk(bytes: Buffer, at: number): { chunk: Buffer; end: number } | null {
  let start = at;
  while (start < bytes.length && bytes[start] !== carriageReturn) start += 1;
  const size = Number.parseInt(bytes.toString('latin1', at, start), 16);
  start += lineEnd;
  const end = start + size + lineEnd;
  return end <= bytes.length ? { chunk: bytes.subarray(start, start + size), end } : null;
}

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

/** Over a WebSocket of its own (RFC 6455; graphql-ws's PROTOCOL.md). */
export const openWebSocket: OpenStream = (request, sink) => {
  const { token, query } = request;
  let hasHead = false;
  const take = (opcode: number, payload: Buffer): void => {
    if (opcode === opcodes.ping) socket.write(frame(opcodes.pong, payload));
    else if (opcode === opcodes.close) sink.failed(`closed with ${payload.readUInt16BE(0)}`);
    if (opcode !== opcodes.text) return;
    const head = payload.toString('latin1', 0, 60);
    if (head.includes('"type":"next"')) sink.event(payload);
    else if (head.includes('"type":"connection_ack"')) {
      socket.write(message({ id: 'a', type: 'subscribe', payload: { query } }));
    } else sink.failed(payload.toString('latin1', 0, 200));
  };
  const socket = connectRaw(request, (bytes) => {
    let taken = 0;
    if (!hasHead) {
      const end = bytes.indexOf(headEnd);
      if (end === -1) return 0;
      hasHead = true;
      if (bytes.toString('latin1', 0, 12) !== 'HTTP/1.1 101') sink.failed(bytes.toString('latin1', 0, 200));
      taken = end + headEnd.length;
      socket.write(message({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } }));
    }
    for (let read = readFrame(bytes, taken); read !== null; read = readFrame(bytes, taken)) {
      taken = read.end;
      take(read.opcode, read.payload);
    }
    return taken;
  });
  watchEnd(socket, sink);
  socket.write(
    [
      'GET /graphql HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: graphql-transport-ws',
      '\r\n',
    ].join('\r\n'),
  );
  return socket;
};

function watchEnd(socket: Socket, sink: StreamSink): void {
  socket.on('error', (error) => sink.failed(`connection: ${error.message}`));
  socket.on('close', () => sink.failed('closed'));
}

function message(content: object): Buffer {
  return frame(opcodes.text, Buffer.from(JSON.stringify(content)));
}

/** A frame of a client; under a mask of zeros the payload stands there as it is. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head, 0, 0, 0, 0]), payload]);
}

/** The frame that starts there; null where not all of it has come. */
function readFrame(bytes: Buffer, at: number): { opcode: number; payload: Buffer; end: number } | null {
  if (bytes.length < at + 2) return null;
  const opcode = (bytes[at] ?? 0) & 0x0f;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < start) return null;
  const size =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const end = start + size;
  return bytes.length < end ? null : { opcode, payload: bytes.subarray(start, end), end };
}
