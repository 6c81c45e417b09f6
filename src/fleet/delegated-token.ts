/**
 * Delegated tokens: a gateway signs the access rights of a caller that it has authenticated, and hosts verify the token.
 * One token is valid on all hosts that the caller's own token names.
 */
import { decodeProtectedHeader, SignJWT, UnsecuredJWT, type CryptoKey, type KeyObject } from 'jose';
import type { Logger } from 'pino';
import type { Caller } from '../access/caller.ts';
import { HvqlError } from '../errors.ts';
import { noCredential, type Credential } from '../revocation/credential.ts';
import type { Revocations } from '../revocation/revocations.ts';
import { openIdentity, type Identified } from '../server/auth/identity.ts';
import { assertHost, callerClaims, readCaller, readHosts, type GrantedHosts } from '../server/auth/token.ts';

/** The `aud` of delegated tokens. No other kind of token signed with the same key has it. */
export const delegatedAudience = 'hvql.fleet';

/** How long a delegated token is valid. */
export const delegatedLifeMilliseconds = 30_000;

/** The allowed difference between the clocks of a gateway and a host. */
export const clockToleranceMilliseconds = 10_000;

/** The rights of a caller in a fleet. */
export interface FleetGrant {
  readonly caller: Caller;
  readonly hosts: GrantedHosts;
  /** When the caller's own credentials expire, in milliseconds since 1970; null if they do not expire. */
  readonly expiresAt: number | null;
  /** The ids of the caller's own token, for the audit trail of a host and its list of revoked credentials. */
  readonly token?: Pick<Credential, 'subject' | 'tokenId'>;
}

/** A private key with its algorithm, and its id in the hosts' key set. */
export interface GatewayKey {
  readonly key: CryptoKey | KeyObject | Uint8Array;
  readonly algorithm: string;
  readonly id: string | null;
}

/**
 * Signs a token that is valid for 30 seconds, or until the caller's own credentials expire if that is sooner. Without a key
 * it is unsigned (development mode).
 */
export async function signDelegated(
  { caller, hosts, expiresAt, token }: FleetGrant,
  { key, now }: { readonly key: GatewayKey | null; readonly now: number },
): Promise<string> {
  const end = Math.min(now + delegatedLifeMilliseconds, expiresAt ?? Infinity);
  const claims = {
    ...callerClaims(caller, hosts),
    ...(token?.subject == null ? {} : { sub: token.subject }),
    ...(token?.tokenId == null ? {} : { jti: token.tokenId }),
  };
  const issuedAt = Math.floor(now / 1_000);
  const until = Math.floor(end / 1_000);
  if (key === null) {
    return new UnsecuredJWT(claims)
      .setAudience(delegatedAudience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(until)
      .encode();
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, typ: 'JWT', ...(key.id === null ? {} : { kid: key.id }) })
    .setAudience(delegatedAudience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(until)
    .sign(key.key);
}

/** Verifies the authorization of a request. Rejects with UNAUTHENTICATED. */
export type VerifyDelegated = (authorization: string | null) => Promise<Identified> | Identified;

/** Verifies delegated tokens with keys that can be reloaded. */
export interface DelegatedIdentity {
  readonly verify: VerifyDelegated;
  /** Reloads the keys of the gateways. Rejects with a UsageError if they are invalid, and keeps the previous ones. */
  readonly renewKeys: () => Promise<void>;
}

/** How a host verifies delegated tokens. */
export interface DelegatedVerification {
  /** File with the JSON Web Key Set of the gateways; null in development mode, where tokens are unsigned. */
  readonly gatewayKeys: string | null;
  readonly hostName: string;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly revocations: Revocations;
}

/** Creates the verifier. Rejects with a UsageError if the keys are invalid. */
export async function openDelegated(options: DelegatedVerification): Promise<DelegatedIdentity> {
  const { gatewayKeys, hostName, log, now, revocations } = options;
  if (gatewayKeys === null) {
    return {
      verify: (authorization) => shortLived(readUnsigned(authorization, options), now()),
      renewKeys: async () => undefined,
    };
  }
  const identity = await openIdentity(
    { method: { kind: 'key-file', path: gatewayKeys }, issuer: null, audience: delegatedAudience },
    { log, now, revocations, hostName: () => hostName, requiresHost: true },
  );
  return {
    verify: async (authorization) => shortLived(await identity.authenticate(authorization), now()),
    renewKeys: () => identity.renewKeys(),
  };
}

/** A gateway signs for 30 seconds: a longer token would remain valid after the rights of the caller have changed. */
function shortLived({ caller, expiresAt, credential }: Identified, now: number): Identified {
  const limit = delegatedLifeMilliseconds + clockToleranceMilliseconds;
  if (expiresAt !== null && expiresAt - now <= limit) return { caller, expiresAt, credential, by: 'gateway' };
  throw new HvqlError(
    'UNAUTHENTICATED',
    `A delegated token ends within ${limit / 1_000} seconds, and this one does not: compare the clocks of gateway and host.`,
  );
}

function readUnsigned(authorization: string | null, { hostName, now }: DelegatedVerification): Identified {
  const token = /^Bearer (?<token>\S+)$/.exec(authorization ?? '')?.groups?.['token'] ?? '';
  try {
    if (decodeProtectedHeader(token).alg !== 'none') throw new TypeError('it is signed');
    const { payload } = UnsecuredJWT.decode(token, {
      audience: delegatedAudience,
      currentDate: new Date(now()),
    });
    assertHost(readHosts(payload, { isRequired: true }), hostName);
    const expiresAt = payload.exp === undefined ? null : payload.exp * 1_000;
    return { caller: readCaller(payload), by: 'gateway', expiresAt, credential: noCredential };
  } catch (thrown) {
    if (thrown instanceof HvqlError) throw thrown;
    throw new HvqlError(
      'UNAUTHENTICATED',
      'The delegated token is missing or not valid. This host has no --gateway-keys, so it accepts only unsigned tokens, ' +
        'from a gateway without --gateway-key on the same machine.',
    );
  }
}
