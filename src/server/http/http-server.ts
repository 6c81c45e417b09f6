/** Node's HTTP servers with the limits that all listeners share. */
import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { messageOf, UsageError } from '../../errors.ts';

/** How long headers, and a whole request, may take to arrive. */
export const arrivalLimits = { headersTimeout: 10_000, requestTimeout: 30_000 };
const limits = {
  ...arrivalLimits,
  connectionsCheckingInterval: 5_000,
  // Longer than the minute for which load balancers commonly keep idle connections.
  keepAliveTimeout: 65_000,
  // Checked by the service: node's own response would be written into others of the connection.
  requireHostHeader: false,
};
const handshakeTimeout = 10_000;

/** Makes a server that does not listen yet. */
export function createHttpServer(): Server {
  return withAllHeaders(createServer(limits));
}

/** Node drops headers after the 2,000th, after it has used a Content-Length there. 16 KB bound them in any case. */
function withAllHeaders<Kind extends Server | HttpsServer>(server: Kind): Kind {
  server.maxHeadersCount = 0;
  return server;
}

/** The certificate of a server; `ca` has those that client certificates are verified with. */
export type TlsContext = Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>;

/**
 * Makes a server for TLS. With a `ca`, it asks clients for a certificate, but accepts connections without one or with a
 * bad one: those get a response that says why, in place of a failed handshake.
 */
export function createHttpsServer(context: TlsContext): HttpsServer {
  const requestCert = context.ca !== undefined;
  const tls = { handshakeTimeout, requestCert, rejectUnauthorized: false, ...withVersions(context) };
  return withAllHeaders(createTlsServer({ ...limits, ...tls }));
}

/** Gives a server another certificate. Open connections stay; earlier sessions cannot be resumed. */
export function renewCertificate(server: HttpsServer, context: TlsContext): void {
  server.setSecureContext(withVersions(context));
}

function withVersions(context: TlsContext): SecureContextOptions {
  // TLS 1.2 and 1.3. Without renegotiation, the client of a connection stays the same.
  return { ...context, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

/**
 * Listens on a host, a name or an address (IPv6 with brackets or without), and a port, 0 for any free one. Resolves to
 * the port. Rejects with a UsageError.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new UsageError([explain(error, { host, port })]));
    server.once('error', fail);
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
  // A server on TCP has such an address.
  return (server.address() as AddressInfo).port;
}

function explain(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): string {
  const place = `${host} port ${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${place} is taken by another program: give another --port, or 0 for any free one.`;
    case 'EACCES':
      return `${place} may not be used by this user: give a --port above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `--host ${host} is no address of this machine (${error.code}).`;
    default:
      return `${place} cannot be listened on: ${messageOf(error)}.`;
  }
}
