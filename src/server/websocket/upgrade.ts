/** Upgrades of HTTP connections: WebSocket upgrades are checked, others are handled as plain requests. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { DEPRECATED_GRAPHQL_WS_PROTOCOL, handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { checkHost } from '../auth/host.ts';
import { checkOrigin } from '../auth/origin.ts';
import type { Contexts, ListenerContext } from '../context.ts';
import { sendLastResponse } from '../http/client-error.ts';
import type { Connections } from '../http/connections.ts';
import { readAccept, securityHeaders } from '../http/header.ts';
import { HttpError, refusedConnection } from '../http/http-error.ts';
import { checkHead, readTarget } from '../http/request-head.ts';
import { bodyLimitInBytes } from '../operation-reader.ts';
import { endpointPath } from '../yoga.ts';
import { WebSocketConnection } from './websocket-connection.ts';

/** An upgrade request, its connection, and the bytes that followed the request. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

const webSocketOptions = {
  noServer: true,
  clientTracking: false,
  maxPayload: bodyLimitInBytes,
  // Compression takes memory for each connection, and small messages could expand to large ones.
  perMessageDeflate: false,
  // The old protocol of subscriptions-transport-ws is accepted only to close the connection with the right code: a client
  // whose protocols are all declined closes before it can get a reason.
  handleProtocols: (offered: Set<string>) =>
    handleProtocols(offered) ||
    (offered.has(DEPRECATED_GRAPHQL_WS_PROTOCOL) && DEPRECATED_GRAPHQL_WS_PROTOCOL),
  // The time limit for the reply to a close frame. ws supports it, but its types do not.
  closeTimeout: 5_000,
};

/** Serves the WebSockets of a listener, and handles all other upgrades. */
export function listenToUpgrades(
  server: Server,
  { contexts, connections }: { readonly contexts: Contexts; readonly connections: Connections },
): void {
  const { listener } = contexts;
  const { log, proxies, refusals } = contexts.server;
  const handshake = new WebSocketServer(webSocketOptions);
  // A separate function, so that a connection's closure does not retain its request.
  const keep = (connection: WebSocketConnection, webSocket: WebSocket): void => {
    listener.streams.add(connection);
    webSocket.on('close', () => listener.streams.delete(connection));
  };
  const accept = ({ request, socket, head }: Upgrade): void =>
    handshake.handleUpgrade(request, socket, head, (webSocket) => {
      const { authorization: upgradeAuthorization = null } = request.headers;
      const address = proxies.clientOf(request);
      const context = { ...contexts, socket, address, upgradeAuthorization };
      keep(new WebSocketConnection(webSocket, context), webSocket);
    });
  const decide = (upgrade: Upgrade, act: () => void): void => {
    try {
      act();
    } catch (thrown) {
      const requestId = randomUUID();
      if (thrown instanceof HttpError) {
        const address = proxies.clientOf(upgrade.request);
        const { code, message } = thrown;
        contexts.server.health?.refuse(code);
        refusals.add({ code, message, address, caller: null, facts: { way: 'WebSocket', requestId } });
        log.debug({ requestId, address: address ?? undefined, problem: message }, 'upgrade refused');
        refuse(upgrade, { problem: thrown, requestId });
      } else {
        log.error({ requestId, err: thrown }, 'unexpected error');
        upgrade.socket.destroy();
      }
    }
  };
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const upgrade = { request, socket, head };
    ignoreErrors(socket);
    const open = (): void => {
      check(request, listener);
      const problem = connections.problemOfUpgrade(request);
      if (problem !== null) throw refusedConnection(problem);
      accept(upgrade);
    };
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    // After the responses to earlier requests, which must not be mixed with the new protocol.
    const act = isWebSocket
      ? () => decide(upgrade, open)
      : declineUpgrade(server, { ...upgrade, isLast: !connections.countDeclined(socket) });
    connections.afterResponses(socket, act);
  });
  // Without a listener, Node closes the connection before the preceding responses have been sent.
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    ignoreErrors(socket);
    connections.afterResponses(socket, () => decide({ request, socket, head }, refuseTunnel));
  });
}

/**
 * After an upgrade, Node's HTTP server no longer listens for errors of the connection, and an error without a listener
 * would crash the process. The socket closes itself after an error.
 */
function ignoreErrors(socket: Socket): void {
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore);
}

const ignore = (): void => undefined;

function refuseTunnel(): never {
  throw new HttpError('METHOD_NOT_ALLOWED', 'The service is not a proxy and does not support CONNECT.', {
    headers: { allow: 'GET, POST' },
  });
}

function check(request: IncomingMessage, { hosts, allowedOrigins, streams }: ListenerContext): void {
  readTarget(request);
  checkHead(request);
  checkHost(request, hosts);
  if (request.url?.split('?')[0] !== endpointPath) {
    throw new HttpError('NOT_FOUND', `There is no WebSocket at this path; GraphQL is at ${endpointPath}.`);
  }
  if (request.method !== 'GET') {
    throw new HttpError('METHOD_NOT_ALLOWED', 'A WebSocket is opened with GET only.', {
      headers: { allow: 'GET' },
    });
  }
  checkOrigin(request, allowedOrigins);
  if (streams.isClosing) throw new HttpError('CLOSING', 'The service is closing.');
}

function refuse(
  { request, socket }: Upgrade,
  { problem, requestId }: { readonly problem: HttpError; readonly requestId: string },
): void {
  sendLastResponse(socket, problem, {
    method: request.method ?? null,
    mediaType: readAccept(request.headers.accept).mediaType ?? 'application/json',
    headers: { 'x-request-id': requestId, ...securityHeaders(request) },
  });
}

/**
 * Handles a request as if it had not offered an upgrade (RFC 9110, 7.8): some clients offer HTTP/2 to every server, and
 * Node does not handle upgrades itself if there is a listener. The request, without its offer, is put back on the socket
 * immediately, so that it is complete even if the client closes its side. The returned function makes Node read it. The
 * last permitted upgrade request of a connection closes it.
 */
export function declineUpgrade(
  server: Server,
  { request, socket, head, isLast = false }: Upgrade & { readonly isLast?: boolean },
): () => void {
  const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}`];
  for (let n = 0; n + 1 < request.rawHeaders.length; n += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(n, n + 2);
    if (/^connection$/i.test(name)) {
      if (!isLast) lines.push(`${name}: ${withoutUpgrade(value)}`);
    } else if (!upgradeHeader.test(name)) lines.push(`${name}: ${value}`);
  }
  if (isLast) lines.push('Connection: close');
  // Node reads headers as Latin-1.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  return () => {
    server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
    // Node may have paused reading because of preceding responses, and resumes only at this event.
    socket.emit('drain');
  };
}

const upgradeHeader = /^(?:upgrade|http2-settings)$/i;

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !upgradeHeader.test(option)).join(', ') || 'keep-alive';
}
