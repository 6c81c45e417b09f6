/**
 * The transport of the NATS client, with a permanent error listener. The client removes all listeners of its socket
 * before it destroys it (versions 3.3.1 and 3.4.0). If the server has just closed the connection and a write is pending,
 * the socket emits ERR_STREAM_WRITE_AFTER_END after that, and an error without a listener terminates the process.
 * The client has no option for this; the transport factory is the client's own extension point for other platforms.
 */
import { Socket } from 'node:net';
import {
  NatsConnectionImpl,
  setTransportFactory,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { nodeResolveHost, NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';

class Transport extends NodeTransport {
  /** Called by the client once the socket is connected and, with TLS, encrypted. */
  override setupHandlers(): void {
    super.setupHandlers();
    keepErrorListener(this.socket);
  }
}

/** The client detects errors by the event "close", and by missing responses to pings. */
const ignore = (): void => undefined;

function keepErrorListener(socket: Socket): void {
  socket.removeAllListeners = (event) => {
    Socket.prototype.removeAllListeners.call(socket, event);
    return socket.on('error', ignore);
  };
}

/** Connects like `connect` of the client. */
export function connectTransport(options: NodeConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new Transport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}
