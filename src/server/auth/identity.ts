/** Bearer tokens and the callers that they stand for. */
import { jwtVerify, type JWTVerifyOptions } from 'jose';
import type { Logger } from 'pino';
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import { JwksCooldownError, openKey, type VerificationKey } from './identity-key.ts';
import { checkSpelling, explainTokenProblem, readCaller } from './token.ts';
import { TokenCache, type VerifiedToken } from './token-cache.ts';

/** A verified identity. */
export interface Identified {
  readonly caller: Caller;
  /** What proved it. */
  readonly by: 'token' | 'certificate' | 'guest socket';
  /** When the proof ends, in milliseconds since 1970; null where it does not. */
  readonly expiresAt: number | null;
}

/** Verifies tokens, whatever transport brought them. */
export interface Identity {
  /**
   * The caller of an authorization such as "Bearer <token>", at once where the token is known. Rejects with
   * UNAUTHENTICATED; the message never holds the token. A connection is remembered with its last authorization.
   */
  authenticate(authorization: string | null, connection?: object): Promise<Identified> | Identified;
}

/** A secret that tokens are signed and verified with. */
export type SecretMethod =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'secret-file'; readonly path: string };

/** Where the key comes from. */
export type IdentityMethod =
  | SecretMethod
  | { readonly kind: 'key-file'; readonly path: string }
  | { readonly kind: 'jwks'; readonly url: URL };

/** How tokens are verified. */
export interface IdentitySettings {
  readonly method: IdentityMethod;
  /** `iss` and `aud` that tokens need; unchecked where null. */
  readonly issuer: string | null;
  readonly audience: string | null;
}

/** The log, and the wall clock in milliseconds since 1970. */
export interface IdentityWorld {
  readonly log: Logger;
  readonly now: () => number;
}

/** Below the age at which key sets are fetched again, so that a withdrawn key stops being valid in time. */
const verificationAgeMilliseconds = 60_000;

/** Longer authorizations are not remembered with their connection. */
const rememberedCharacters = 4_096;

/** Opens the identity. Rejects with a UsageError where the secret or the key is unusable. */
export async function openIdentity(settings: IdentitySettings, world: IdentityWorld): Promise<Identity> {
  const { now } = world;
  const key = await openKey(settings.method, now);
  const { keysVersion = () => 0 } = key;
  const cache = new TokenCache({ now, keysVersion, maxAgeMilliseconds: verificationAgeMilliseconds });
  // By the client's own text, so that no digest is needed. null for connections with one request so far: most
  // connections that carry a stream, of which there are many, never send another.
  const lastOf = new WeakMap<
    object,
    { readonly authorization: string; readonly verified: VerifiedToken } | null
  >();
  const verifyAndKeep = async (token: string): Promise<Identified> => {
    const version = keysVersion();
    const identified = await verify(token, { key, settings, world });
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
    world,
  }: {
    readonly key: VerificationKey;
    readonly settings: IdentitySettings;
    readonly world: IdentityWorld;
  },
): Promise<Identified> {
  const { issuer, audience } = settings;
  const options: JWTVerifyOptions = {
    // Pinned to the key: a public key must never serve as an HMAC secret (RFC 8725, 2.1).
    algorithms: [...key.algorithms],
    currentDate: new Date(world.now()),
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  try {
    const { payload } = await jwtVerify(token, key.resolve, options);
    checkSpelling(token);
    const caller = readCaller(payload);
    return { caller, by: 'token', expiresAt: payload.exp === undefined ? null : payload.exp * 1_000 };
  } catch (thrown) {
    if (thrown instanceof HvqlError) throw thrown;
    const problem = explainTokenProblem(thrown, { token, settings, algorithms: key.algorithms });
    if (problem !== null) throw new HvqlError('UNAUTHENTICATED', problem);
    // The service's problem: the key set cannot be fetched, or has an unusable key.
    if (!(thrown instanceof JwksCooldownError))
      world.log.warn({ err: thrown }, 'a token could not be verified');
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
