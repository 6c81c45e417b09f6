/**
 * The transport of the NATS client, with one listener for errors that stays. The client removes all listeners of its socket
 * before it destroys it (versions 3.3.1 and 3.4.0). Where the server has just ended the connection and something is still
 * written, the socket reports ERR_STREAM_WRITE_AFTER_END after that, and an error without a listener ends the process.
 * The client has no option for it; its factory of transports is what it uses itself for its other platforms.
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
  /** The client calls it once the socket is connected, encrypted where TLS is used. */
  override setupHandlers(): void {
    super.setupHandlers();
    keepErrorListener(this.socket);
  }
}

/** The client learns of errors from the event "close", and from pings that are not answered. */
const ignore = (): void => undefined;

function keepErrorListener(socket: Socket): void {
  socket.removeAllListeners = (event) => {
    Socket.prototype.removeAllListeners.call(socket, event);
    return socket.on('error', ignore);
  };
}

/** Connects as `connect` of the client does. */
export function connectTransport(options: NodeConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new Transport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}
