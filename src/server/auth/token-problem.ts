/** What is wrong with a token, in words for whoever sent it. */
import { decodeProtectedHeader, errors } from 'jose';
import type { IdentitySettings } from './identity.ts';

/** What the verification was about. */
export interface TokenFacts {
  readonly token: string;
  readonly settings: IdentitySettings;
  readonly algorithms: readonly string[];
}

/**
 * The sentence for an error of jose's that the token is to blame for, or null where the service is. No sentence holds
 * the token or a part of it, but for the algorithm and the key id that its header names.
 */
export function explainTokenProblem(thrown: unknown, facts: TokenFacts): string | null {
  if (thrown instanceof errors.JWTExpired) return `The token expired at ${timeOf(thrown.payload.exp)}.`;
  if (thrown instanceof errors.JWTClaimValidationFailed) return explainClaim(thrown, facts.settings);
  if (thrown instanceof errors.JWSSignatureVerificationFailed) {
    return "The token's signature does not fit the service's key: it was signed with another one, or changed since.";
  }
  if (thrown instanceof errors.JOSEAlgNotAllowed) {
    const { alg } = decodeProtectedHeader(facts.token);
    return `The token is signed with ${show(alg)}, but needed is ${facts.algorithms.join(', ')}.`;
  }
  if (thrown instanceof errors.JWKSNoMatchingKey) {
    const { alg, kid } = decodeProtectedHeader(facts.token);
    // Nobody has vouched for the header yet: it may hold anything.
    const named =
      typeof kid !== 'string' ? 'The token names no key (kid)' : `The token names the key ${show(kid)}`;
    return `${named}, and the service's key set has none that fits it with ${show(alg)}.`;
  }
  if (thrown instanceof errors.JWKSMultipleMatchingKeys) {
    return "The token names no key (kid), and several of the service's key set fit.";
  }
  if (thrown instanceof errors.JWSInvalid || thrown instanceof errors.JWTInvalid) {
    return 'The token is not a JSON Web Token: needed are three base64url parts with dots between them, header, claims and signature.';
  }
  if (thrown instanceof errors.JOSENotSupported)
    return 'The token asks for an extension that is not supported.';
  return null;
}

function explainClaim(problem: errors.JWTClaimValidationFailed, settings: IdentitySettings): string {
  const { claim, reason, payload } = problem;
  const needed =
    claim === 'iss' && settings.issuer !== null
      ? `: needed is ${JSON.stringify(settings.issuer)}`
      : claim === 'aud' && settings.audience !== null
        ? `: needed is ${JSON.stringify(settings.audience)}`
        : '';
  if (reason === 'missing') return `The token lacks the claim ${claim}${needed}.`;
  if (claim === 'nbf' && reason === 'check_failed')
    return `The token is not valid before ${timeOf(payload.nbf)}.`;
  return `The token's claim ${claim} is ${show(payload[claim])}${needed === '' ? ', which is not valid' : needed}.`;
}

/** Seconds since 1970 as a time, or as they are where no calendar reaches. */
function timeOf(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1_000);
  return Number.isNaN(date.getTime()) ? `${String(seconds)} s since 1970` : date.toISOString();
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
