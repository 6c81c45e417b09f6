/** Authenticates the caller of a request by the method of its listener. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { HvqlError } from '../../errors.ts';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { trustProblem, type CertificateTrust } from '../../revocation/certificate-trust.ts';
import { noCredential, type Credential } from '../../revocation/credential.ts';
import type { Revocations } from '../../revocation/revocations.ts';
import { authenticateCertificate, isStill, type CertificateMap } from './client-certificate.ts';
import type { Identified, Identity } from './identity.ts';

/** The credentials of a request. */
interface Credentials {
  /** The header's value, such as "Bearer <token>"; null without the header. */
  readonly authorization: string | null;
  /** An authorization in a place that is not read. Together with a certificate it is refused like any other. */
  readonly conflictingAuthorization?: string | null;
  /** Tells the client why its authorization cannot be used. null or absent if it sent none. */
  readonly problem?: string | null;
  readonly socket: Socket;
}

/** Identifies the caller of a request: synchronously if its token has been verified before. Rejects with UNAUTHENTICATED. */
export type Authenticator = (credentials: Credentials) => Promise<Identified> | Identified;

/** Identifies clients by a token. */
export function tokenAuthenticator(identity: Identity): Authenticator {
  return (credentials) => authenticateByToken(identity, credentials);
}

/** Verifies client certificates and maps them to callers. May be replaced while the service runs. */
export interface ClientCertificates {
  readonly map: CertificateMap;
  readonly trust: CertificateTrust;
}

/**
 * The digests of the trust that the certificates of connections were verified with. A session is resumed only with the TLS
 * files that it began with, so this is true of resumed sessions as well.
 */
export type HandshakeTrust = WeakMap<Socket, string>;

interface CertificateOptions {
  /** Identifies clients without a certificate; null if every client needs one. */
  readonly identity: Identity | null;
  /** Returns the current client certificate settings. */
  readonly clients: () => ClientCertificates;
  /** What OpenSSL has verified the certificate of a connection with. */
  readonly handshakes: HandshakeTrust;
  readonly revocations: Revocations;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Identifies clients by their certificate, or by a token if they show none. Refuses both together, which could name two callers. */
export function certificateAuthenticator(options: CertificateOptions): Authenticator {
  const { identity } = options;
  return async (credentials) => {
    const { authorization, conflictingAuthorization, socket } = credentials;
    const shown = certificateOf(socket);
    if (shown === null) {
      if (identity !== null) return authenticateByToken(identity, credentials);
      const problem =
        'No identity was given: expected a client certificate, shown when the connection is made.';
      throw new HvqlError('UNAUTHENTICATED', problem);
    }
    const identified = authenticateByCertificate(shown, {
      ...options,
      verifiedWith: options.handshakes.get(socket),
    });
    // An empty header is no authorization.
    if (!authorization && !conflictingAuthorization) return identified;
    const problem = 'There are two identities, a client certificate and a token: give one of them.';
    throw new HvqlError('UNAUTHENTICATED', problem);
  };
}

function authenticateByCertificate(
  shown: ShownCertificate,
  {
    clients,
    revocations,
    now,
    verifiedWith,
  }: CertificateOptions & { readonly verifiedWith: string | undefined },
): Identified {
  const { caller, expiresAt, fingerprint } = authenticateCertificate(shown, {
    map: clients().map,
    now: now(),
  });
  const revoked = 'The client certificate has been revoked';
  if (revocations.hasCertificate(fingerprint)) throw new HvqlError('UNAUTHENTICATED', `${revoked}.`);
  const credential: Credential = {
    subject: null,
    tokenId: null,
    fingerprint,
    problem: () => {
      if (revocations.hasCertificate(fingerprint)) return revoked;
      const { trust } = clients();
      // Until issuers or CRLs change, OpenSSL's verification holds, also of certificates whose chain Node does not return.
      const problem = trust.digest === verifiedWith ? null : trustProblem(shown.certificate, trust);
      return problem ?? (isStill(caller, shown, clients().map) ? null : withdrawnRights);
    },
  };
  return { caller, by: 'certificate', expiresAt, credential };
}

const withdrawnRights = 'The rights of the client certificate have been withdrawn';

function authenticateByToken(
  identity: Identity,
  { authorization, problem = null, socket }: Credentials,
): Promise<Identified> | Identified {
  if (problem !== null) return Promise.reject(new HvqlError('UNAUTHENTICATED', problem));
  return identity.authenticate(authorization, socket);
}

type ShownCertificate = Parameters<typeof authenticateCertificate>[0];

/** Certificates by connection, whose client never changes. Node returns the chain only once. */
const certificates = new WeakMap<TLSSocket, X509Certificate>();

/** The client's certificate, with OpenSSL's code if it does not verify; null if the client has shown none. */
function certificateOf(socket: Socket): ShownCertificate | null {
  // Node has forgotten the certificate of a closed connection.
  if (socket.destroyed) throw new HvqlError('UNAUTHENTICATED', 'The connection is closed.');
  if (!(socket instanceof TLSSocket)) return null;
  const certificate = certificates.get(socket) ?? socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  certificates.set(socket, certificate);
  // Node's types say Error, but on a server it is the code.
  return { certificate, problem: socket.authorized ? null : String(socket.authorizationError) };
}

/** Identifies every request as one partition with all privileges, and ignores credentials. */
export function guestAuthenticator(partitionId: bigint): Authenticator {
  const caller: Caller = { partitionId, privileges: new Set(allPrivileges) };
  const identified: Identified = { caller, by: 'guest socket', expiresAt: null, credential: noCredential };
  return () => identified;
}
