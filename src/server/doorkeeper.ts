/** Who comes in by a door of the service. */
import type { Socket } from 'node:net';
import { allPrivileges, type Caller } from '../access/caller.ts';
import type { Identified, Identity } from './identity.ts';

/** What a request brings along that may say who asks. */
export interface Evidence {
  /** Its authorization, like "Bearer <token>"; null where there was none. */
  readonly authorization: string | null;
  /** The connection it came by. */
  readonly socket: Socket;
}

/** The caller behind the evidence. Rejects with UNAUTHENTICATED where there is none. */
export type Doorkeeper = (evidence: Evidence) => Promise<Identified>;

/** Lets in whoever has a token that verifies. */
export function tokenDoorkeeper(identity: Identity): Doorkeeper {
  return ({ authorization }) => identity.identify(authorization);
}

/** Lets in whoever comes, as one partition with all privileges: the way it came by says who it is, whatever it sends. */
export function guestDoorkeeper(partitionId: bigint): Doorkeeper {
  const caller: Caller = { partitionId, privileges: new Set(allPrivileges) };
  return () => Promise.resolve({ caller, by: 'guest socket', expiresAt: null });
}
