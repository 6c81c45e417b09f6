/** Sends a fixed number of requests with little overhead, for loads much shorter than the start of wrk. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { newTextMark } from './workload.ts';

/** What is sent; a `newTextMark` in the body is another text in each request. */
export interface FixedLoadOptions {
  readonly url: string;
  readonly body: string;
  readonly token: string;
  readonly connections: number;
}

/** Connections that stay open between loads. */
export interface FixedLoad {
  /** Resolves once this many responses have come, each connection sending one request at a time. */
  run(requests: number): Promise<void>;
  close(): void;
}

const limitMilliseconds = 120_000;
const okStart = Buffer.from('HTTP/1.1 200 ');

/** Opens the connections. All responses need to have the length of the first one. */
export async function openFixedLoad({ url, body, token, connections }: FixedLoadOptions): Promise<FixedLoad> {
  const { hostname, port, host, pathname } = new URL(url);
  const parts = body.split(newTextMark);
  const prefix = randomUUID();
  let texts = 1_000_000;
  const request = (): string => {
    const sent = parts.length === 1 ? body : parts.join(`${prefix}${(texts += 1)}`);
    return (
      `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${token}\r\nContent-Length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`
    );
  };
  const same = parts.length === 1 ? Buffer.from(request()) : null;
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      return socket.setNoDelay(true);
    }),
  );
  let [toSend, toCome] = [0, 0];
  let responseLength = 0;
  let settle: { resolve: () => void; reject: (error: Error) => void } | null = null;
  const fail = (why: string): void => settle?.reject(new Error(`${url}: ${why}`));
  const send = (socket: Socket): void => {
    if (toSend === 0) return;
    toSend -= 1;
    socket.write(same ?? request());
  };
  for (const socket of sockets) {
    let missing = 0;
    socket.on('error', ({ message }) => fail(message));
    socket.on('close', () => fail('the connection was closed'));
    socket.on('data', (chunk: Buffer) => {
      if (missing === 0) {
        if (chunk.compare(okStart, 0, okStart.length, 0, okStart.length) !== 0)
          fail(`answers ${chunk.toString('latin1').slice(0, 1_000)}`);
        missing = lengthOf(chunk);
        responseLength ||= missing;
        // Such as an answer with an error: all ask the same.
        if (missing !== responseLength)
          fail(`answers unlike before: ${chunk.toString('latin1').slice(0, 1_000)}`);
      }
      missing -= chunk.length;
      if (missing < 0) fail('a response is longer than it says');
      if (missing > 0) return;
      toCome -= 1;
      if (toCome === 0) settle?.resolve();
      else send(socket);
    });
  }
  return {
    async run(requests) {
      if (sockets.some(({ destroyed }) => destroyed))
        throw new Error(`${url}: a connection was closed while it was idle`);
      [toSend, toCome] = [requests, requests];
      let limit: NodeJS.Timeout | undefined;
      try {
        await new Promise<void>((resolve, reject) => {
          settle = { resolve, reject };
          limit = setTimeout(() => fail('takes too long'), limitMilliseconds);
          sockets.forEach(send);
        });
      } finally {
        settle = null;
        clearTimeout(limit);
      }
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

/** Of head and body. */
function lengthOf(start: Buffer): number {
  const head = start.subarray(0, start.indexOf('\r\n\r\n') + 4);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head.toString('latin1'))?.[1];
  if (length === undefined) throw new Error('a response has no Content-Length');
  return head.length + Number(length);
}
