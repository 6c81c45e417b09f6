/** Node's HTTP server with the limits that hold at every door of the service. */
import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

/** A request, headers and body, has to arrive in this time; slow senders hold a socket no longer. In milliseconds. */
export const arrivalLimits = { headersTimeout: 10_000, requestTimeout: 30_000 };
const limits = {
  ...arrivalLimits,
  connectionsCheckingInterval: 5_000,
  // Longer than the minute that load balancers commonly keep idle connections for.
  keepAliveTimeout: 65_000,
  // Node's own answer would be one that nothing here knows of, with what follows on the connection written into it.
  requireHostHeader: false,
};
/** How long a client may take over its TLS handshake. */
const handshakeTimeout = 10_000;

/** Makes a server that does not listen yet. */
export function createHttpServer(): Server {
  return withAllHeaders(createServer(limits));
}

/**
 * Node leaves out what comes after 2,000 headers without a word, but has read its length of a body, say. There are few
 * anyway, for they have 16 KB together.
 */
function withAllHeaders<Kind extends Server | HttpsServer>(server: Kind): Kind {
  server.maxHeadersCount = 0;
  return server;
}

/** What a server has to prove with who it is; `ca` says whose certificates prove who a client is. */
export type TlsContext = Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>;

/**
 * Makes a server that speaks TLS. Where there is a `ca`, it asks clients for a certificate, but lets in those without
 * one, and those with a bad one as well: they are told why in an answer, not by a handshake that fails.
 */
export function createHttpsServer(context: TlsContext): HttpsServer {
  const requestCert = context.ca !== undefined;
  const server = createTlsServer({
    ...limits,
    handshakeTimeout,
    requestCert,
    rejectUnauthorized: false,
    ...withVersions(context),
  });
  return withAllHeaders(server);
}

/** Gives a server another certificate. Connections that are open stay; sessions of before cannot be resumed. */
export function renewCertificate(server: HttpsServer, context: TlsContext): void {
  server.setSecureContext(withVersions(context));
}

function withVersions(context: TlsContext): SecureContextOptions {
  // TLS 1.2 and 1.3. A client may not become another in the middle of its connection.
  return { ...context, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}
