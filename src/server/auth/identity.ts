/** Who asks: a bearer token becomes a caller, or a sentence on what is wrong with the token. */
import { jwtVerify, type JWTVerifyOptions } from 'jose';
import type { Logger } from 'pino';
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import { readCaller } from './claim.ts';
import { KeySetResting, openKey, type VerificationKey } from './identity-key.ts';
import { KnownTokens, type Known } from './known-token.ts';
import { explainTokenProblem } from './token-problem.ts';

/** A verified identity. */
export interface Identified {
  readonly caller: Caller;
  /** What proved it. */
  readonly by: 'token' | 'certificate' | 'guest socket';
  /** When the proof ends, milliseconds since 1970; null where it never does. */
  readonly expiresAt: number | null;
}

/** Verifies tokens. Knows no HTTP: every way into the service hands over the same text. */
export interface Identity {
  /**
   * The caller behind an authorization like "Bearer <token>"; null where there was none. At once where the token is
   * known already. Rejects with UNAUTHENTICATED, in words that help and never hold the token. A connection, where one
   * is given, is known by what it was last identified with, for as long as that is good.
   */
  identify(authorization: string | null, connection?: object): Promise<Identified> | Identified;
}

/** A secret that tokens are signed and verified with. */
export type SecretMethod =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'secret-file'; readonly path: string };

/** Where the key comes from; there is exactly one way at a time. */
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

/** What an identity needs of the world. */
export interface IdentityWorld {
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Below the age at which key sets are fetched anew, so that a key that was withdrawn stops being good in time. */
const verificationAgeMilliseconds = 60_000;

/** Longer authorizations are not remembered with their connection. */
const rememberedCharacters = 4_096;

/** Opens the identity. Rejects with a UsageError where the secret or the key is of no use. */
export async function openIdentity(settings: IdentitySettings, world: IdentityWorld): Promise<Identity> {
  const { now } = world;
  const key = await openKey(settings.method, now);
  const { keysVersion = () => 0 } = key;
  const known = new KnownTokens({ now, keysVersion, maxAgeMilliseconds: verificationAgeMilliseconds });
  // As it came, which is the client's own text and goes with its connection: no digest is needed to find it. Null for
  // connections that have asked once: most of those that have one stream, and are many, never ask again.
  const lastOf = new WeakMap<object, { readonly authorization: string; readonly known: Known } | null>();
  const verifyAnew = async (token: string): Promise<Identified> => {
    const version = keysVersion();
    const identified = await verify(token, { key, settings, world });
    known.keep(token, { identified, keysVersion: version });
    return identified;
  };
  return {
    identify: (authorization, connection) => {
      const last = connection === undefined ? undefined : lastOf.get(connection);
      if (last != null && last.authorization === authorization && known.isGood(last.known)) {
        return last.known.identified;
      }
      const token = readBearer(authorization);
      if (token instanceof HvqlError) return Promise.reject(token);
      const record = known.record(token);
      if (record === undefined) return verifyAnew(token);
      if (
        connection !== undefined &&
        authorization !== null &&
        authorization.length <= rememberedCharacters
      ) {
        lastOf.set(connection, last === undefined ? null : { authorization, known: record });
      }
      return record.identified;
    },
  };
}

interface Verifier {
  readonly key: VerificationKey;
  readonly settings: IdentitySettings;
  readonly world: IdentityWorld;
}

async function verify(token: string, { key, settings, world }: Verifier): Promise<Identified> {
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
    const caller = readCaller(payload);
    return { caller, by: 'token', expiresAt: payload.exp === undefined ? null : payload.exp * 1_000 };
  } catch (thrown) {
    if (thrown instanceof HvqlError) throw thrown;
    const problem = explainTokenProblem(thrown, { token, settings, algorithms: key.algorithms });
    if (problem !== null) throw new HvqlError('UNAUTHENTICATED', problem);
    // Not the caller's fault: the key set's server is down, or has a key that is of no use.
    if (!(thrown instanceof KeySetResting)) world.log.warn({ err: thrown }, 'a token could not be verified');
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
