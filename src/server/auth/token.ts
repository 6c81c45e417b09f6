/** Tokens of this service: their claims, how they are signed, and why one is refused. */
import { decodeProtectedHeader, errors, SignJWT, type JWTPayload } from 'jose';
import { allPrivileges, type Caller, type Privilege } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import { excerpt } from '../../lib/json.ts';
import { hostNameNeed, isHostName } from '../../snapshot/host-name.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';

/** The `iss` and `aud` that tokens need; null if the claim is not checked. */
export interface TokenSettings {
  readonly issuer: string | null;
  readonly audience: string | null;
}

/** The caller's partition id, a decimal string, or "root". */
const partitionClaim = 'hv_partition';
/** The names of the caller's privileges; without this claim the caller has all. */
const privilegesClaim = 'hv_privileges';
/** The host or hosts that the token is for; without this claim it is for the host that verifies it. */
const hostClaim = 'hv_host';

/** The names of the hosts that a token is for, or all of them. */
export type GrantedHosts = '*' | readonly string[];

/** A caller of a gateway, with the hosts that its token names. */
export interface FleetCaller extends Caller {
  readonly hosts: GrantedHosts;
}

/** Signs a token with HS256. Times are in milliseconds since 1970. If `expiresAt` is null, it is valid as long as the secret. */
export async function signToken(
  contents: TokenSettings & {
    readonly caller: Caller;
    /** null for a token that names no host. */
    readonly hosts?: GrantedHosts | null;
    readonly issuedAt: number;
    readonly expiresAt: number | null;
  },
  secret: Uint8Array,
): Promise<string> {
  const { caller, hosts = null, issuedAt, expiresAt, issuer, audience } = contents;
  const token = new SignJWT(callerClaims(caller, hosts))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(Math.floor(issuedAt / 1_000));
  if (expiresAt !== null) token.setExpirationTime(Math.floor(expiresAt / 1_000));
  if (issuer !== null) token.setIssuer(issuer);
  if (audience !== null) token.setAudience(audience);
  return token.sign(secret);
}

/** The claims for a caller and the hosts that it may query; null for a token that names no host. */
export function callerClaims(caller: Caller, hosts: GrantedHosts | null): JWTPayload {
  const hasAll = allPrivileges.every((privilege) => caller.privileges.has(privilege));
  return {
    [partitionClaim]: caller.partitionId.toString(),
    ...(hasAll ? {} : { [privilegesClaim]: [...caller.privileges] }),
    ...(hosts === null ? {} : { [hostClaim]: hosts }),
  };
}

/**
 * Throws UNAUTHENTICATED if the signature of a verified token is not spelled as RFC 7515, 2 demands. The cache and the
 * list of revoked tokens would take each other spelling for another token. Header and claims need no such check: their
 * spelling is what was signed.
 */
export function checkSpelling(token: string): void {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  if (Buffer.from(signature, 'base64url').toString('base64url') === signature) return;
  throw refused("The token's signature is not written as base64url has it, without padding and unused bits");
}

/** A claim that names a token or its subject, as text: some issuers write numbers. null for any other value. */
export function textClaim(claim: unknown): string | null {
  return typeof claim === 'string' ? claim : typeof claim === 'number' ? String(claim) : null;
}

/** The caller that verified claims name. Throws UNAUTHENTICATED if they name none. */
export function readCaller(claims: JWTPayload): Caller {
  const { [partitionClaim]: partition, [privilegesClaim]: privileges } = claims;
  return { partitionId: readPartitionId(partition), privileges: readPrivileges(privileges) };
}

/** The hosts that verified claims name; null if they name none and need not. Throws UNAUTHENTICATED for a bad claim. */
export function readHosts(
  { [hostClaim]: claim }: JWTPayload,
  { isRequired }: { readonly isRequired: boolean },
): GrantedHosts | null {
  if (claim === undefined && !isRequired) return null;
  if (claim === undefined)
    throw refused(
      `The token lacks the claim ${hostClaim}: a fleet needs ${hostNameNeed}, an array of them, or "*"`,
    );
  if (claim === '*') return claim;
  const names: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const known = names.filter((name) => typeof name === 'string' && isHostName(name)) as readonly string[];
  if (known.length === names.length && names.length > 0) return known;
  throw refused(
    `The token's claim ${hostClaim} is ${show(claim)}: expected ${hostNameNeed}, an array of them, or "*" for all hosts`,
  );
}

/** Throws UNAUTHENTICATED if the hosts of a token do not include this one. */
export function assertHost(hosts: GrantedHosts | null, host: string): void {
  if (hosts === null || hosts === '*' || hosts.includes(host)) return;
  throw refused(`The token's claim ${hostClaim} is ${show(hosts)}: this is the host ${show(host)}`);
}

function readPartitionId(claim: unknown): Caller['partitionId'] {
  const needed = `the caller's partition id as a decimal string, such as "5", or "root"`;
  if (claim === undefined) throw refused(`The token lacks the claim ${partitionClaim}: expected ${needed}`);
  if (claim === 'root') return claim;
  const id = typeof claim === 'string' ? parsePartitionId(claim) : null;
  if (id !== null) return id;
  throw refused(`The token's claim ${partitionClaim} is ${show(claim)}: expected ${needed}`);
}

function readPrivileges(claim: unknown): ReadonlySet<Privilege> {
  if (claim === undefined) return new Set(allPrivileges);
  const needed = `expected an array of ${allPrivileges.join(' and ')}, which may be empty`;
  if (!Array.isArray(claim))
    throw refused(`The token's claim ${privilegesClaim} is ${show(claim)}: ${needed}`);
  const privileges = claim.map((name: unknown) => {
    const known = allPrivileges.find((privilege) => privilege === name);
    if (known !== undefined) return known;
    throw refused(`The token's claim ${privilegesClaim} holds ${show(name)}: ${needed}`);
  });
  return new Set(privileges);
}

/**
 * Explains why jose rejects a token; null if the token is not the cause. Quotes only the claims of the token and
 * the algorithm and key id of its header.
 */
export function explainTokenProblem(
  thrown: unknown,
  facts: {
    readonly token: string;
    readonly settings: TokenSettings;
    readonly algorithms: readonly string[];
  },
): string | null {
  if (thrown instanceof errors.JWTExpired) return `The token expired at ${timeOf(thrown.payload.exp)}.`;
  if (thrown instanceof errors.JWTClaimValidationFailed) return explainClaim(thrown, facts.settings);
  if (thrown instanceof errors.JWSSignatureVerificationFailed)
    return "The token's signature does not fit the service's key: it was signed with another one, or changed since.";
  if (thrown instanceof errors.JOSEAlgNotAllowed) {
    const { alg } = decodeProtectedHeader(facts.token);
    return `The token is signed with ${show(alg)}; expected ${facts.algorithms.join(', ')}.`;
  }
  if (thrown instanceof errors.JWKSNoMatchingKey) {
    const { alg, kid } = decodeProtectedHeader(facts.token);
    // The header is not verified and may hold anything.
    const named =
      typeof kid === 'string' ? `The token names the key ${show(kid)}` : 'The token names no key (kid)';
    return `${named}, and the service's key set has none that fits it with ${show(alg)}.`;
  }
  if (thrown instanceof errors.JWKSMultipleMatchingKeys)
    return "The token names no key (kid), and several of the service's key set fit.";
  if (thrown instanceof errors.JWSInvalid || thrown instanceof errors.JWTInvalid)
    return 'The token is not a JSON Web Token: expected three base64url parts with dots between them, header, claims and signature.';
  if (thrown instanceof errors.JOSENotSupported)
    return 'The token requires an extension that is not supported.';
  return null;
}

function explainClaim(problem: errors.JWTClaimValidationFailed, settings: TokenSettings): string {
  const { claim, reason, payload } = problem;
  const expected = claim === 'iss' ? settings.issuer : claim === 'aud' ? settings.audience : null;
  const needed = expected === null ? '' : `: expected ${JSON.stringify(expected)}`;
  if (reason === 'missing') return `The token lacks the claim ${claim}${needed}.`;
  if (claim === 'nbf' && reason === 'check_failed')
    return `The token is not valid before ${timeOf(payload.nbf)}.`;
  return `The token's claim ${claim} is ${show(payload[claim])}${needed || ', which is not valid'}.`;
}

/** Formats seconds since 1970 as a time, or as a number if no calendar date has it. */
function timeOf(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1_000);
  return Number.isNaN(date.getTime()) ? `${String(seconds)} s since 1970` : date.toISOString();
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : excerpt(JSON.stringify(value), 40);
}

function refused(problem: string): HvqlError {
  return new HvqlError('UNAUTHENTICATED', `${problem}.`);
}
