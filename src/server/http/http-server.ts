/** Node's HTTP servers with the limits that all listeners share. */
import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { messageOf, UsageError } from '../../errors.ts';
import { isLoopback } from '../auth/host.ts';

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

/** The certificate of a server; `ca` and `crl` have what client certificates are verified with. */
export type TlsContext = Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'crl'>;

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

/** Where a server listens. */
export interface ListenOptions {
  /** A name or an address, IPv6 with brackets or without. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Descriptor of a socket that is bound already, in place of host and port. */
  readonly descriptor?: number | null;
}

/** Listens. Resolves to the port. Rejects with a UsageError. */
export async function listen(
  server: Server,
  { host, port, descriptor = null }: ListenOptions,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new UsageError([explain(error, { host, port, descriptor })]));
    server.once('error', fail);
    const place = { host: host.replace(/^\[(.*)\]$/, '$1'), port };
    server.listen(descriptor === null ? place : { fd: descriptor }, () => {
      server.off('error', fail);
      resolve();
    });
  });
  const bound = server.address();
  const problem = descriptor === null ? null : passedSocketProblem(bound, host);
  if (problem !== null) {
    server.close();
    // A connection that is open already would keep the process.
    server.closeAllConnections();
    throw new UsageError([problem]);
  }
  // A server on TCP has such an address.
  return (bound as AddressInfo).port;
}

/**
 * Why a socket that is bound to this address cannot be used; null where it can. What is checked of requests, and whether
 * there can be a development mode, depends on the host, so the socket must not be open to more.
 */
export function passedSocketProblem(bound: ReturnType<Server['address']>, host: string): string | null {
  // Of a UNIX socket that was passed node has no address.
  if (bound === null || typeof bound === 'string') return 'The socket that was passed is not one of TCP.';
  if (!isLoopback(host) || isLoopback(bound.address)) return null;
  return `The socket that was passed is bound to ${bound.address}, but --host is ${host}: give --host ${bound.address}.`;
}

function explain(error: NodeJS.ErrnoException, { host, port, descriptor }: Required<ListenOptions>): string {
  if (descriptor !== null) return `The socket that was passed cannot be listened on: ${messageOf(error)}.`;
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
