/** The leanest of clients, so that the service is what is measured: a socket each, and no more parsing than it takes. */
import { connect, type Socket } from 'node:net';

/** What a stream asks, and whom. */
export interface StreamRequest {
  readonly port: number;
  readonly token: string;
  readonly query: string;
  /** The loopback address to come from: each has 28,000 ports. */
  readonly localAddress: string;
}

/** Who is told what comes. */
export interface StreamSink {
  /** An event as text, from the moment on when all of it is there. */
  event(text: string): void;
  /** The connection has ended, or something came that is no event. */
  failed(why: string): void;
}

/** Opens a stream; gives its socket. */
export type OpenStream = (request: StreamRequest, sink: StreamSink) => Socket;

/** By Server-Sent Events. The service sends each event as one chunk of the body. */
export const openEventStream: OpenStream = ({ port, token, query, localAddress }, sink) => {
  const body = JSON.stringify({ query });
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.setNoDelay();
  let rest = '';
  let hasHead = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    if (!hasHead) {
      const end = rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      hasHead = true;
      if (!rest.startsWith('HTTP/1.1 200')) sink.failed(rest.slice(0, 200));
      rest = rest.slice(end + 4);
    }
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (block.includes('event: next')) sink.event(block);
      else if (block.includes('event:')) sink.failed(block.slice(0, 200));
    }
  });
  watchEnd(socket, sink);
  socket.write(
    [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      'Accept: text/event-stream',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
  return socket;
};

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

/** Over a WebSocket of its own (RFC 6455; graphql-ws's PROTOCOL.md). */
export const openWebSocket: OpenStream = ({ port, token, query, localAddress }, sink) => {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.setNoDelay();
  let rest: Buffer = Buffer.alloc(0);
  let hasHead = false;
  const take = (opcode: number, payload: Buffer): void => {
    if (opcode === opcodes.ping) socket.write(frame(opcodes.pong, payload));
    else if (opcode === opcodes.close) sink.failed(`closed with ${payload.readUInt16BE(0)}`);
    if (opcode !== opcodes.text) return;
    const text = payload.toString('latin1');
    if (text.includes('"type":"next"')) sink.event(text);
    else if (text.includes('"type":"connection_ack"')) {
      socket.write(message({ id: 'a', type: 'subscribe', payload: { query } }));
    } else sink.failed(text.slice(0, 200));
  };
  socket.on('data', (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    if (!hasHead) {
      const end = rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      hasHead = true;
      if (rest.toString('latin1', 0, 12) !== 'HTTP/1.1 101') sink.failed(rest.toString('latin1', 0, 200));
      rest = rest.subarray(end + 4);
      socket.write(message({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } }));
    }
    for (let read = readFrame(rest); read !== null; read = readFrame(rest)) {
      rest = rest.subarray(read.length);
      take(read.opcode, read.payload);
    }
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

/** The frame at the start of the bytes; null where not all of it is there. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | null {
  if (bytes.length < 2) return null;
  const opcode = (bytes[0] ?? 0) & 0x0f;
  const short = (bytes[1] ?? 0) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return null;
  const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const length = start + size;
  return bytes.length < length ? null : { opcode, payload: bytes.subarray(start, length), length };
}
