/** Node's HTTP servers with the limits that all listeners share. */
import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { messageOf, UsageError } from '../../errors.ts';
import { isLoopback } from '../auth/host.ts';

/** Time limits for the arrival of the headers and of a whole request. */
export const arrivalLimits = { headersTimeout: 10_000, requestTimeout: 30_000 };
const limits = {
  ...arrivalLimits,
  connectionsCheckingInterval: 5_000,
  // Longer than the minute for which load balancers usually keep idle connections.
  keepAliveTimeout: 65_000,
  // The service checks this itself: Node would write its own response into other responses of the connection.
  requireHostHeader: false,
};
const handshakeTimeout = 10_000;

/** Creates a server that does not listen yet. */
export function createHttpServer(): Server {
  return withAllHeaders(createServer(limits));
}

/** Node drops headers after the 2,000th, but uses a Content-Length among them. The limit of 16 KB applies in any case. */
function withAllHeaders<Kind extends Server | HttpsServer>(server: Kind): Kind {
  server.maxHeadersCount = 0;
  return server;
}

/** The certificate of a server; `ca` and `crl` verify client certificates. */
export type TlsContext = Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'crl'>;

/**
 * Creates a TLS server. With a `ca`, it requests a client certificate, but accepts connections without one or with a bad
 * one: those get a response with an explanation instead of a failed handshake.
 */
export function createHttpsServer(context: TlsContext): HttpsServer {
  const requestCert = context.ca !== undefined;
  const tls = { handshakeTimeout, requestCert, rejectUnauthorized: false, ...withVersions(context) };
  return withAllHeaders(createTlsServer({ ...limits, ...tls }));
}

/** Replaces the certificate of a server. Open connections stay; earlier sessions cannot be resumed. */
export function renewCertificate(server: HttpsServer, context: TlsContext): void {
  server.setSecureContext(withVersions(context));
}

function withVersions(context: TlsContext): SecureContextOptions {
  // TLS 1.2 and 1.3. Without renegotiation, the client of a connection stays the same.
  return { ...context, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

/** The address that a server listens on. */
export interface ListenOptions {
  /** A name or an address, IPv6 with brackets or without. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The descriptor of a bound socket, instead of host and port. */
  readonly descriptor?: number | null;
  /** The flags that set host and port, for messages. */
  readonly flags?: ListenFlags;
}

interface ListenFlags {
  readonly host: string;
  readonly port: string;
}

const serviceFlags: ListenFlags = { host: '--host', port: '--port' };

/** Starts listening and resolves to the port. Rejects with a UsageError. */
export async function listen(
  server: Server,
  { host, port, descriptor = null, flags = serviceFlags }: ListenOptions,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new UsageError([explain(error, { host, port, descriptor, flags })]));
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
    // An open connection would keep the process running.
    server.closeAllConnections();
    throw new UsageError([problem]);
  }
  // A TCP server has such an address.
  return (bound as AddressInfo).port;
}

/**
 * Why an inherited socket with this address cannot be used; null if it can. The checks of requests and development mode
 * depend on the host, so the socket must not be reachable from more addresses.
 */
export function passedSocketProblem(bound: ReturnType<Server['address']>, host: string): string | null {
  // Node has no address for an inherited UNIX socket.
  if (bound === null || typeof bound === 'string') return 'The socket that was passed is not one of TCP.';
  if (!isLoopback(host) || isLoopback(bound.address)) return null;
  return `The socket that was passed is bound to ${bound.address}, but --host is ${host}: give --host ${bound.address}.`;
}

function explain(
  error: NodeJS.ErrnoException,
  { host, port, descriptor, flags }: Required<ListenOptions>,
): string {
  if (descriptor !== null) return `The socket that was passed cannot be listened on: ${messageOf(error)}.`;
  const place = `${host} port ${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${place} is taken by another program: give another ${flags.port}, or 0 for any free one.`;
    case 'EACCES':
      return `${place} may not be used by this user: give a ${flags.port} above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${flags.host} ${host} is no address of this machine (${error.code}).`;
    default:
      return `${place} cannot be listened on: ${messageOf(error)}.`;
  }
}
