/** Verifies bearer tokens, and finds the callers that they name. */
import { jwtVerify, type JWTVerifyOptions } from 'jose';
import type { Logger } from 'pino';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { HvqlError, UsageError } from '../../errors.ts';
import type { Credential } from '../../revocation/credential.ts';
import { Revocations } from '../../revocation/revocations.ts';
import { defaultHostName } from '../../snapshot/host-name.ts';
import { developmentProblem } from './host.ts';
import { openKeys, type IdentityMethod, type VerificationKeys } from './identity-key.ts';
import { keyId } from './public-key.ts';
import type { KeySetTimes } from './remote-key-set.ts';
import { TokenCache, type VerifiedToken } from './token-cache.ts';
import {
  assertHost,
  checkSpelling,
  explainTokenProblem,
  readCaller,
  readHosts,
  signToken,
  textClaim,
  type TokenSettings,
} from './token.ts';

/** A verified identity. */
export interface Identified {
  readonly caller: Caller;
  /** The credentials that proved it. */
  readonly by: 'token' | 'certificate' | 'guest socket' | 'gateway';
  /** When the credentials expire, in milliseconds since 1970; null if they do not. */
  readonly expiresAt: number | null;
  /** The credential itself, which may be revoked. */
  readonly credential: Credential;
}

/** Returns the identity, or throws UNAUTHENTICATED if its credential has been revoked since it was verified. */
export function stillGood(identified: Identified): Identified {
  const problem = identified.credential.problem();
  if (problem === null) return identified;
  throw new HvqlError('UNAUTHENTICATED', `${problem}.`);
}

/** Verifies tokens of every transport. */
export interface Identity {
  /**
   * Identifies the caller of an authorization such as "Bearer <token>": synchronously if the token has been verified
   * before. Rejects with UNAUTHENTICATED; the message never contains the token. Remembers the last authorization of a
   * connection.
   */
  authenticate(authorization: string | null, connection?: object): Promise<Identified> | Identified;
}

/** How tokens are verified. */
export interface IdentitySettings extends TokenSettings {
  readonly method: IdentityMethod;
  /** Whether tokens without `exp` are refused. @default false */
  readonly requireExpiry?: boolean;
}

interface IdentityContext {
  readonly log: Logger;
  /** The wall clock in milliseconds since 1970. */
  readonly now: () => number;
  /** The name of the host, which tokens may name. @default "local" */
  readonly hostName?: () => string;
  /** @default nothing is revoked */
  readonly revocations?: Revocations;
  /** Of a key set. */
  readonly keySetTimes?: Partial<KeySetTimes>;
  /** Whether tokens have to name their hosts, because the same key signs for several. @default false */
  readonly requiresHost?: boolean;
  /** Whether callers have the hosts of their tokens (FleetCaller), as on a gateway. @default false */
  readonly grantsHosts?: boolean;
}

/** An identity over keys that may be replaced. */
export interface OpenIdentity extends Identity {
  /** Reads or fetches the keys again. If they cannot be used, it rejects with a UsageError and keeps the current ones. */
  renewKeys(): Promise<void>;
  close(): void;
}

/** How long a verification is remembered. */
const verificationAgeMilliseconds = 60_000;

/** The Retry-After of a response while a key of the key set cannot be used. */
const unusableKeyRetryMilliseconds = 30_000;

/** A connection does not remember longer authorizations. */
const rememberedCharacters = 4_096;

/** Opens the identity. Rejects with a UsageError if the secret or the key cannot be used. */
export async function openIdentity(
  settings: IdentitySettings,
  context: IdentityContext,
): Promise<OpenIdentity> {
  const { log, now, revocations = new Revocations(), keySetTimes: times = {} } = context;
  const { hostName = () => defaultHostName, requiresHost = false, grantsHosts = false } = context;
  const keys = await openKeys(settings.method, { log, onChange: () => revocations.advance(), times });
  const cache = new TokenCache<Identified>({
    now,
    revocations,
    maxAgeMilliseconds: verificationAgeMilliseconds,
  });
  // Compared as text, which is faster than a digest. null after the first request of a connection: most connections
  // with a stream never send another.
  const lastOf = new WeakMap<
    object,
    { readonly authorization: string; readonly verified: VerifiedToken<Identified> } | null
  >();
  const verifyAndKeep = async (token: string): Promise<Identified> => {
    const { epoch } = revocations;
    const full = { log, now, revocations, hostName, requiresHost, grantsHosts };
    const identified = await verify(token, { keys, settings, context: full });
    cache.set(token, { identified, epoch });
    return identified;
  };
  return {
    authenticate: (authorization, connection) => {
      const last = connection === undefined ? undefined : lastOf.get(connection);
      if (last != null && last.authorization === authorization && cache.isValid(last.verified))
        return last.verified.identified;
      const token = readBearer(authorization);
      if (token instanceof HvqlError) return Promise.reject(token);
      const verified = cache.get(token);
      if (verified === undefined) return verifyAndKeep(token);
      if (connection !== undefined && authorization !== null && authorization.length <= rememberedCharacters)
        lastOf.set(connection, last === undefined ? null : { authorization, verified });
      return verified.identified;
    },
    renewKeys: () => keys.renew(),
    close: () => keys.close(),
  };
}

async function verify(
  token: string,
  {
    keys,
    settings,
    context: { log, now, revocations, hostName, requiresHost, grantsHosts },
  }: {
    readonly keys: VerificationKeys;
    readonly settings: IdentitySettings;
    readonly context: Required<Omit<IdentityContext, 'keySetTimes'>>;
  },
): Promise<Identified> {
  const { issuer, audience, requireExpiry = false } = settings;
  const { algorithms, resolve } = keys.current;
  const options: JWTVerifyOptions = {
    // By the key: a public key must never serve as an HMAC secret (RFC 8725, 2.1).
    algorithms: [...algorithms],
    currentDate: new Date(now()),
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
    ...(requireExpiry ? { requiredClaims: ['exp'] } : {}),
  };
  let usedKey = '';
  try {
    const { payload } = await jwtVerify(
      token,
      async (header, parts) => {
        const key = await resolve(header, parts);
        usedKey = keyId(key as Parameters<typeof keyId>[0]);
        return key;
      },
      options,
    );
    checkSpelling(token);
    const hosts = readHosts(payload, { isRequired: requiresHost });
    if (!grantsHosts) assertHost(hosts, hostName());
    const own = readCaller(payload);
    const caller = grantsHosts ? { ...own, hosts: hosts ?? [] } : own;
    const facts = { tokenId: textClaim(payload.jti), subject: textClaim(payload.sub), fingerprint: null };
    const credential: Credential = {
      ...facts,
      problem: () => {
        if (revocations.hasToken(facts)) return 'The token has been revoked';
        return keys.current.ids.has(usedKey) ? null : 'The key of the token has been withdrawn';
      },
    };
    const expiresAt = payload.exp === undefined ? null : payload.exp * 1_000;
    return stillGood({ caller, by: 'token', expiresAt, credential });
  } catch (thrown) {
    if (thrown instanceof HvqlError) throw thrown;
    const problem = explainTokenProblem(thrown, { token, settings, algorithms });
    if (problem !== null) throw new HvqlError('UNAUTHENTICATED', problem);
    // Not the caller's fault: the key set has an unusable key.
    log.warn({ err: thrown }, 'a token could not be verified');
    throw new HvqlError(
      'IDENTITY_UNAVAILABLE',
      'The identity cannot be verified right now: the service has no usable verification key. Try again later.',
      { retryInMilliseconds: unusableKeyRetryMilliseconds },
    );
  }
}

/** Returns the token, or the error of an authorization without one. */
function readBearer(authorization: string | null): string | HvqlError {
  if (authorization === null || authorization === '') {
    return new HvqlError(
      'UNAUTHENTICATED',
      'No identity was given: expected "Authorization: Bearer <token>" with a JSON Web Token.',
    );
  }
  const token = /^Bearer +(?<token>\S+) *$/i.exec(authorization)?.groups?.['token'];
  if (token !== undefined) return token;
  return new HvqlError(
    'UNAUTHENTICATED',
    'The authorization is not of the form "Bearer <token>" with one JSON Web Token.',
  );
}

/** An identity that also signs tokens. */
export interface DevelopmentIdentity extends Identity {
  /** Signs a token for a partition with all privileges, valid as long as the secret. `hosts` replaces the default hosts. */
  sign(partitionId: Caller['partitionId'], hosts?: readonly string[]): Promise<string>;
}

/**
 * An identity over a secret, without configuration. Rejects with a UsageError if other machines can reach the host,
 * because GraphiQL's page has a token of the root partition.
 */
export async function developmentIdentity({
  host,
  secret,
  ...context
}: IdentityContext & { readonly host: string; readonly secret: Uint8Array }): Promise<DevelopmentIdentity> {
  const problem = developmentProblem(host);
  if (problem !== null) throw new UsageError([problem]);
  const unchecked = { issuer: null, audience: null };
  const identity = await openIdentity({ method: { kind: 'secret', secret }, ...unchecked }, context);
  return {
    ...identity,
    sign: (partitionId, named) => {
      const caller = { partitionId, privileges: new Set(allPrivileges) };
      const { hostName, requiresHost } = context;
      const name = requiresHost === true && hostName !== undefined ? hostName() : null;
      const hosts = named ?? (name === null || name === '*' ? name : [name]);
      return signToken({ caller, hosts, issuedAt: context.now(), expiresAt: null, ...unchecked }, secret);
    },
  };
}
