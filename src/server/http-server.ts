/** Node's HTTP server with the limits that hold at every door of the service. */
import { createServer, type Server } from 'node:http';

const limits = {
  // A request, headers and body, has to arrive in this time; slow senders hold a socket no longer.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  // Longer than the minute that load balancers commonly keep idle connections for.
  keepAliveTimeout: 65_000,
};

/** Makes a server that does not listen yet. */
export function createHttpServer(): Server {
  return createServer(limits);
}
