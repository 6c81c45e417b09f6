/**
 * What streams cost without a service: node:http and ws, one event made a second for all clients with the same request, and
 * written to each socket. Authenticates no one, reads nothing, watches over no client. Speaks just enough of both
 * protocols for the client of the benchmark.
 */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { announce } from './announce.ts';

/** Clients with the same request over the same transport, and how an event for them is written. */
interface Watchers {
  readonly sockets: Set<Socket>;
  readonly write: (event: string) => Buffer;
}

const everyMilliseconds = 1_000;
const audiences = new Map<string, Watchers>();

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(':\n\n');
    const { query } = JSON.parse(body) as { query: string };
    join(request.socket, { query, way: 'SSE', write: chunk });
  });
});

new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false }).on(
  'connection',
  (webSocket, { socket }) => {
    webSocket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; payload: { query: string } };
      if (message.type === 'connection_init') webSocket.send('{"type":"connection_ack"}');
      else join(socket, { query: message.payload.query, way: 'WebSocket', write: frame });
    });
  },
);

setInterval(() => {
  for (const [key, audience] of audiences) {
    const bytes = audience.write(eventFor(key));
    for (const socket of audience.sockets) socket.write(bytes);
  }
}, everyMilliseconds);
announce(server);

function join(
  socket: Socket,
  { query, way, write }: { query: string; way: string; write: Watchers['write'] },
): void {
  const key = `${way} ${query}`;
  const audience = audiences.get(key) ?? { sockets: new Set(), write };
  audiences.set(key, audience);
  audience.sockets.add(socket);
  socket.on('close', () => audience.sockets.delete(socket));
  socket.write(write(eventFor(key)));
}

/** As long as the service's own, about. */
function eventFor(key: string): string {
  const fields = /rates \{ (?<fields>[^}]*) \}/.exec(key)?.groups?.['fields']?.trim().split(' ') ?? [];
  const processor = {
    rates: Object.fromEntries(fields.map((field) => [field, Math.random() * 1_000])),
  };
  const hypervisor = {
    sampledAt: new Date().toISOString(),
    logicalProcessors: Array.from({ length: 16 }, () => processor),
  };
  return JSON.stringify({ data: { hypervisor } });
}

function chunk(event: string): Buffer {
  const text = `event: next\ndata: ${event}\n\n`;
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

function frame(event: string): Buffer {
  const payload = Buffer.from(`{"id":"a","type":"next","payload":${event}}`);
  const head = Buffer.from([0x81, 126, 0, 0]);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
