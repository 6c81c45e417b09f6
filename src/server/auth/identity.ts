/** Bearer tokens and the callers that they stand for. */
import { hash } from 'node:crypto';
import { jwtVerify, type JWTVerifyOptions } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { HvqlError, UsageError } from '../../errors.ts';
import { defaultHostName } from '../../snapshot/host-name.ts';
import { developmentProblem } from './host.ts';
import { JwksCooldownError, openKey, type IdentityMethod } from './identity-key.ts';
import type { VerificationKey } from './public-key.ts';
import {
  assertHost,
  checkSpelling,
  explainTokenProblem,
  readCaller,
  readHosts,
  signToken,
  type TokenSettings,
} from './token.ts';

/** A verified identity. */
export interface Identified {
  readonly caller: Caller;
  /** What proved it. */
  readonly by: 'token' | 'certificate' | 'guest socket';
  /** When the proof ends, in milliseconds since 1970; null where it does not. */
  readonly expiresAt: number | null;
}

/** Verifies tokens of every transport. */
export interface Identity {
  /**
   * The caller of an authorization such as "Bearer <token>", at once where the token is known. Rejects with
   * UNAUTHENTICATED; the message never holds the token. A connection is remembered with its last authorization.
   */
  authenticate(authorization: string | null, connection?: object): Promise<Identified> | Identified;
}

/** How tokens are verified. */
export interface IdentitySettings extends TokenSettings {
  readonly method: IdentityMethod;
}

/** The log, and the wall clock in milliseconds since 1970. */
interface IdentityContext {
  readonly log: Logger;
  readonly now: () => number;
  /** The name of the host, which tokens may name. @default "local" */
  readonly hostName?: () => string;
}

/** Below the age at which key sets are fetched again, so that a withdrawn key stops being valid in time. */
const verificationAgeMilliseconds = 60_000;

/** Longer authorizations are not remembered with their connection. */
const rememberedCharacters = 4_096;

/** Opens the identity. Rejects with a UsageError where the secret or the key is unusable. */
export async function openIdentity(settings: IdentitySettings, context: IdentityContext): Promise<Identity> {
  const { now } = context;
  const key = await openKey(settings.method, now);
  const { keysVersion = () => 0 } = key;
  const cache = new TokenCache({ now, keysVersion, maxAgeMilliseconds: verificationAgeMilliseconds });
  // By the client's own text, without a digest. null for connections with one request so far: most connections with a
  // stream never send another.
  const lastOf = new WeakMap<
    object,
    { readonly authorization: string; readonly verified: VerifiedToken } | null
  >();
  const verifyAndKeep = async (token: string): Promise<Identified> => {
    const version = keysVersion();
    const identified = await verify(token, { key, settings, context });
    cache.set(token, { identified, keysVersion: version });
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
  };
}

async function verify(
  token: string,
  {
    key,
    settings,
    context,
  }: {
    readonly key: VerificationKey;
    readonly settings: IdentitySettings;
    readonly context: IdentityContext;
  },
): Promise<Identified> {
  const { issuer, audience } = settings;
  const { hostName = () => defaultHostName } = context;
  const options: JWTVerifyOptions = {
    // By the key: a public key must never serve as an HMAC secret (RFC 8725, 2.1).
    algorithms: [...key.algorithms],
    currentDate: new Date(context.now()),
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  try {
    const { payload } = await jwtVerify(token, key.resolve, options);
    checkSpelling(token);
    assertHost(readHosts(payload), hostName());
    const caller = readCaller(payload);
    return { caller, by: 'token', expiresAt: payload.exp === undefined ? null : payload.exp * 1_000 };
  } catch (thrown) {
    if (thrown instanceof HvqlError) throw thrown;
    const problem = explainTokenProblem(thrown, { token, settings, algorithms: key.algorithms });
    if (problem !== null) throw new HvqlError('UNAUTHENTICATED', problem);
    // The service's problem: the key set cannot be fetched, or has an unusable key.
    if (!(thrown instanceof JwksCooldownError))
      context.log.warn({ err: thrown }, 'a token could not be verified');
    throw new HvqlError(
      'UNAUTHENTICATED',
      'The identity cannot be verified right now: the service has no usable verification key. Try again later.',
    );
  }
}

/** The token, or what is wrong with the authorization. */
function readBearer(authorization: string | null): string | HvqlError {
  if (authorization === null || authorization === '') {
    return new HvqlError(
      'UNAUTHENTICATED',
      'No identity was given: needed is "Authorization: Bearer <token>" with a JSON Web Token.',
    );
  }
  const token = /^Bearer +(?<token>\S+) *$/i.exec(authorization)?.groups?.['token'];
  if (token !== undefined) return token;
  return new HvqlError(
    'UNAUTHENTICATED',
    'The authorization is not of the form "Bearer <token>" with one JSON Web Token.',
  );
}

/** An identity that makes tokens as well. */
export interface DevelopmentIdentity extends Identity {
  /** A token for a partition with all privileges, valid for as long as the secret. */
  sign(partitionId: bigint): Promise<string>;
}

/**
 * An identity over a secret, without configuration. Rejects with a UsageError where other machines can reach the host:
 * the page of GraphiQL has a token of the root partition.
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
    sign: (partitionId) => {
      const caller = { partitionId, privileges: new Set(allPrivileges) };
      return signToken({ caller, issuedAt: context.now(), expiresAt: null, ...unchecked }, secret);
    },
  };
}

/** A verification, and between which times and for which version of the keys it holds. */
interface VerifiedToken {
  readonly identified: Identified;
  readonly keysVersion: number;
  readonly from: number;
  readonly until: number;
}

/** More callers than a service has within minutes. */
const limit = 10_000;

/** Keeps verifications: never past the token's end, before the verification, or under other keys. */
export class TokenCache {
  readonly #options;
  /** By digest: no token stays in memory, and the time of a lookup tells nothing about one. */
  readonly #verified = new LRUCache<string, VerifiedToken>({ max: limit });

  /** `now` is in milliseconds since 1970; `keysVersion` is another number once the keys may have changed. */
  constructor(options: {
    readonly now: () => number;
    readonly keysVersion: () => number;
    readonly maxAgeMilliseconds: number;
  }) {
    this.#options = options;
  }

  get size(): number {
    return this.#verified.size;
  }

  get(token: string): VerifiedToken | undefined {
    const digest = digestOf(token);
    const verified = this.#verified.get(digest);
    if (verified === undefined || this.isValid(verified)) return verified;
    this.#verified.delete(digest);
    return undefined;
  }

  isValid({ from, until, keysVersion }: VerifiedToken): boolean {
    const now = this.#options.now();
    return now >= from && now < until && keysVersion === this.#options.keysVersion();
  }

  /** `keysVersion` is that of before the verification began: keys may have changed during it. */
  set(token: string, { identified, keysVersion }: Pick<VerifiedToken, 'identified' | 'keysVersion'>): void {
    const from = this.#options.now();
    const until = Math.min(identified.expiresAt ?? Infinity, from + this.#options.maxAgeMilliseconds);
    this.#verified.set(digestOf(token), { identified, keysVersion, from, until });
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
