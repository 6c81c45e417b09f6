/** Who comes in by a door of the service. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { HvqlError } from '../../errors.ts';
import { identifyCertificate, type ShownCertificate } from './client-certificate.ts';
import type { CertificateMap } from './certificate-map.ts';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import type { Identified, Identity } from './identity.ts';

/** What a request brings along that may say who asks. */
export interface Evidence {
  /** Its authorization, like "Bearer <token>"; null where there was none. */
  readonly authorization: string | null;
  /** One that stands where none is looked for: it identifies nobody, but is one too many beside a certificate. */
  readonly strayAuthorization?: string | null;
  /** The connection it came by. */
  readonly socket: Socket;
}

/** The caller behind the evidence, at once where it is known. Rejects with UNAUTHENTICATED where there is none. */
export type Doorkeeper = (evidence: Evidence) => Promise<Identified> | Identified;

/** Lets in whoever has a token that verifies. */
export function tokenDoorkeeper(identity: Identity): Doorkeeper {
  return ({ authorization, socket }) => identity.identify(authorization, socket);
}

/** What a doorkeeper knows clients by that may show certificates. */
export interface CertificateDoorkeeperOptions {
  /** For those without a certificate; null where each needs one. */
  readonly identity: Identity | null;
  /** The map as it is now. */
  readonly map: () => CertificateMap;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Lets in whoever has shown a certificate that verifies, or else has a token. Who gives both is let in by neither: it
 * would be one of two callers, and which one only this service would know.
 */
export function certificateDoorkeeper({ identity, map, now }: CertificateDoorkeeperOptions): Doorkeeper {
  return async ({ authorization, strayAuthorization, socket }) => {
    const shown = certificateOf(socket);
    if (shown === null) {
      if (identity !== null) return identity.identify(authorization, socket);
      throw new HvqlError(
        'UNAUTHENTICATED',
        'No identity was given: needed is a client certificate, shown when the connection is made.',
      );
    }
    const identified = identifyCertificate(shown, { map: map(), now: now() });
    // An empty one is none, as ever.
    if (!authorization && !strayAuthorization) return identified;
    throw new HvqlError(
      'UNAUTHENTICATED',
      'There are two identities, a client certificate and a token: give one of them.',
    );
  };
}

/** What the client has shown when its connection, or the session that it resumes, was made; null for nothing. */
function certificateOf(socket: Socket): ShownCertificate | null {
  // Node has forgotten what was shown on a connection that is gone.
  if (socket.destroyed) throw new HvqlError('UNAUTHENTICATED', 'The connection is gone.');
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket) || certificate === undefined) return null;
  if (socket.authorized) return { certificate, problem: null };
  // Node's types have an Error here, but what it holds on a server is the word alone.
  return { certificate, problem: String(socket.authorizationError) };
}

/** Lets in whoever comes, as one partition with all privileges: the way it came by says who it is, whatever it sends. */
export function guestDoorkeeper(partitionId: bigint): Doorkeeper {
  const caller: Caller = { partitionId, privileges: new Set(allPrivileges) };
  const identified: Identified = { caller, by: 'guest socket', expiresAt: null };
  return () => identified;
}
