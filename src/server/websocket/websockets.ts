/** All WebSockets of a server. */
import type { Server } from 'node:http';
import { DEPRECATED_GRAPHQL_WS_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { bodyLimitInBytes } from '../operation-reader.ts';
import { onUpgrade, type UpgradeOptions } from './upgrade.ts';
import { WebSocketConnection, type ConnectionWorld } from './websocket-connection.ts';

/** What WebSockets are served with. */
export type WebSocketsOptions = ConnectionWorld & Omit<UpgradeOptions, 'isClosing'>;

/** The WebSockets of a server. */
export interface WebSockets {
  /** Completes all streams and closes all connections; new ones are refused. */
  endAll(): void;
}

/** How long a client may take to answer a close frame. */
const closeTimeoutMilliseconds = 5_000;

/** Serves WebSockets on a server. */
export function webSockets(server: Server, options: WebSocketsOptions): WebSockets {
  const open = new Set<WebSocketConnection>();
  let isClosing = false;
  const settings = {
    noServer: true,
    clientTracking: false,
    maxPayload: bodyLimitInBytes,
    // Memory for each connection, and a way to blow up small messages.
    perMessageDeflate: false,
    handleProtocols: chooseProtocol,
    // Known to ws, but not to its types.
    closeTimeout: closeTimeoutMilliseconds,
  };
  // Where nothing of the request is in sight, which would be kept for as long.
  const keep = (connection: WebSocketConnection, webSocket: WebSocket): void => {
    open.add(connection);
    webSocket.on('close', () => open.delete(connection));
  };
  const handshake = new WebSocketServer(settings);
  onUpgrade(server, { ...options, isClosing: () => isClosing }, ({ request, socket, head }) => {
    handshake.handleUpgrade(request, socket, head, (webSocket) => {
      const { authorization: upgradeAuthorization = null } = request.headers;
      const parts = { world: options, connection: socket, upgradeAuthorization };
      keep(new WebSocketConnection(webSocket, parts), webSocket);
    });
  });
  return {
    endAll: () => {
      isClosing = true;
      for (const connection of open) connection.end();
    },
  };
}

/**
 * The protocol that is spoken, else the old one of subscriptions-transport-ws, only to close it with the code for that:
 * a client that is offered none of its own hangs up before it could hear why.
 */
function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return (
    [GRAPHQL_TRANSPORT_WS_PROTOCOL, DEPRECATED_GRAPHQL_WS_PROTOCOL].find((protocol) =>
      offered.has(protocol),
    ) ?? false
  );
}
