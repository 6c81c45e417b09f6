/** All WebSockets of a listener. */
import type { Server } from 'node:http';
import { DEPRECATED_GRAPHQL_WS_PROTOCOL, handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Connections } from '../http/connections.ts';
import type { ListenerEnd } from '../context.ts';
import { bodyLimitInBytes } from '../operation-reader.ts';
import { onUpgrade } from './upgrade.ts';
import { WebSocketConnection, type ConnectionParts } from './websocket-connection.ts';

/** The WebSockets of a listener. */
export interface WebSockets {
  /** Ends all streams and closes all connections; new ones are refused. */
  endAll(end: ListenerEnd): void;
}

/** How long a client may take to answer a close frame. */
const closeTimeoutMilliseconds = 5_000;

/** Serves WebSockets on a server. */
export function webSockets(
  server: Server,
  context: ConnectionParts['context'] & { readonly connections: Connections },
): WebSockets {
  const open = new Set<WebSocketConnection>();
  let isClosing = false;
  const settings = {
    noServer: true,
    clientTracking: false,
    maxPayload: bodyLimitInBytes,
    // Memory for each connection, and a way to blow up small messages.
    perMessageDeflate: false,
    // The old protocol of subscriptions-transport-ws is chosen only to close it with the code for that: a client that is
    // offered none of its own hangs up before it could hear why.
    handleProtocols: (offered: Set<string>) =>
      handleProtocols(offered) ||
      (offered.has(DEPRECATED_GRAPHQL_WS_PROTOCOL) && DEPRECATED_GRAPHQL_WS_PROTOCOL),
    // Known to ws, but not to its types.
    closeTimeout: closeTimeoutMilliseconds,
  };
  // A function of its own, so that what is kept with a connection does not keep its request.
  const keep = (connection: WebSocketConnection, webSocket: WebSocket): void => {
    open.add(connection);
    webSocket.on('close', () => open.delete(connection));
  };
  const handshake = new WebSocketServer(settings);
  onUpgrade(server, { ...context, isClosing: () => isClosing }, ({ request, socket, head }) => {
    handshake.handleUpgrade(request, socket, head, (webSocket) => {
      const { authorization: upgradeAuthorization = null } = request.headers;
      const parts = { context, connection: socket, upgradeAuthorization };
      keep(new WebSocketConnection(webSocket, parts), webSocket);
    });
  });
  return {
    endAll: (end) => {
      isClosing = true;
      for (const connection of open) connection.end(end);
    },
  };
}
