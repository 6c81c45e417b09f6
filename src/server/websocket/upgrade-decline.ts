/** Upgrades that nobody here speaks. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Has a request answered as if it had not asked for an upgrade, which is what HTTP has for upgrades that are not known
 * (RFC 9110, 7.8). Some clients ask each server for HTTP/2 in this way, and node, once it has a listener for upgrades,
 * answers none of them itself. The request is put back at once to where it came from, without the wish, so that what
 * has arrived is complete even where the client ends its side meanwhile; the function that is returned has it read.
 */
export function declineUpgrade(
  server: Server,
  { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
): () => void {
  const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}`];
  for (let n = 0; n + 1 < request.rawHeaders.length; n += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(n, n + 2);
    switch (name.toLowerCase()) {
      case 'upgrade':
      case 'http2-settings':
        break;
      case 'connection':
        lines.push(`${name}: ${withoutUpgrade(value)}`);
        break;
      default:
        lines.push(`${name}: ${value}`);
    }
  }
  // Node reads headers as Latin-1.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  return () => {
    // As if it had just come: above TLS, where there is TLS.
    server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
    // Node may have stopped reading for the answers ahead, and goes on at this event only.
    socket.emit('drain');
  };
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  const kept = options.filter((option) => !/^(?:upgrade|http2-settings)$/i.test(option));
  return kept.length === 0 ? 'keep-alive' : kept.join(', ');
}
