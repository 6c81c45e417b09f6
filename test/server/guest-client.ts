/** A client of a guest socket. */
import { once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

/** A response over a socket. */
export interface GuestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON. */
  readonly body: any;
}

/** Sends one request over a socket file. */
export function sendBySocket(
  socketPath: string,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<GuestAnswer> {
  const { body, path = '/graphql', ...rest } = options;
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, agent: false, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        const isJson = headers['content-type']?.includes('json') === true;
        resolve({ status, headers, text, body: isJson ? JSON.parse(text) : null });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Asks by POST. */
export function postBySocket(
  socketPath: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<GuestAnswer> {
  return sendBySocket(socketPath, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
}

/** Asks by GET. */
export function getBySocket(
  socketPath: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<GuestAnswer> {
  return sendBySocket(socketPath, { path: `/graphql?${new URLSearchParams({ query })}`, headers });
}

/** Asks for an event stream, byte by byte. */
export async function streamBySocket(
  socketPath: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<{ readonly socket: Socket; readonly text: () => string }> {
  const socket = connect(socketPath);
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'connect');
  const lines = Object.entries({ host: 'guest', accept: 'text/event-stream', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`GET /graphql?${new URLSearchParams({ query })} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  return { socket, text: () => text };
}

/** Opens a WebSocket, sends connection_init with this payload, and waits for the response. */
export async function openBySocket(
  socketPath: string,
  { payload, headers = {} }: { payload?: object; headers?: Record<string, string> } = {},
): Promise<{ socket: WebSocket; messages: any[]; send: (message: object) => void }> {
  const socket = new WebSocket(`ws+unix:${socketPath}:/graphql`, 'graphql-transport-ws', { headers });
  const messages: any[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
  await once(socket, 'open');
  socket.on('error', () => undefined);
  const send = (message: object): void => socket.send(JSON.stringify(message));
  send({ type: 'connection_init', ...(payload === undefined ? {} : { payload }) });
  await once(socket, 'message');
  return { socket, messages, send };
}
