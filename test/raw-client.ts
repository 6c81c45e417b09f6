/** Connections of each kind that the service listens for, for what no client library would send. */
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { clientOptions } from './secure.ts';

/** An open connection, or one about to be. It may be half closed. */
export interface RawClient {
  readonly socket: Socket;
  /** Resolves once it is closed, after an error as well. */
  readonly closed: Promise<void>;
  /** Closes a TCP connection with RST. A UNIX socket has no RST: its peer sees that it is closed. */
  readonly reset: () => void;
}

/** Where a connection goes. */
export type RawTarget =
  | { readonly kind: 'plain' | 'TLS'; readonly port: number }
  | { readonly kind: 'guest socket'; readonly path: string };

/** Connects. Errors are ignored: they end the connection, and that is seen by its 'close'. */
export function rawClient(target: RawTarget): RawClient {
  if (target.kind === 'guest socket') {
    const socket = ignoreErrors(connect({ path: target.path, allowHalfOpen: true }));
    return { socket, closed: closing(socket), reset: () => void socket.destroy() };
  }
  const wire = ignoreErrors(connect({ port: target.port, host: '127.0.0.1', allowHalfOpen: true }));
  if (target.kind === 'plain')
    return { socket: wire, closed: closing(wire), reset: () => void wire.resetAndDestroy() };
  const socket = ignoreErrors(
    connectSecurely({ socket: wire, servername: 'localhost', ...halfOpen, ...secure }),
  );
  return {
    socket,
    closed: closing(socket),
    reset: () => {
      wire.resetAndDestroy();
      socket.destroy();
    },
  };
}

/** Sends, and gives all that comes until the service closes the connection. */
export async function sendRaw(target: RawTarget, bytes: string): Promise<string> {
  const { socket, closed } = rawClient(target);
  const parts: string[] = [];
  socket.on('data', (part: Buffer) => parts.push(part.toString('latin1')));
  socket.on('end', () => socket.end());
  socket.write(bytes);
  await closed;
  return parts.join('');
}

/** The bytes of a POST whose answer is an event stream; `headers` come after the usual ones. */
export function eventStreamRequest({
  query,
  token,
  headers = [],
}: {
  readonly query: string;
  readonly token: string | undefined;
  readonly headers?: readonly string[];
}): string {
  const body = JSON.stringify({ query });
  return [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Accept: text/event-stream',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
}

const secure = clientOptions(null);
/** Known to Node (tls.connect), but not to its types. */
const halfOpen = { allowHalfOpen: true };

function ignoreErrors<Kind extends Socket>(socket: Kind): Kind {
  return socket.on('error', () => undefined);
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
