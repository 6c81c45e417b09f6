/** Tokens as this service verifies them, signed with a secret. */
import { SignJWT } from 'jose';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { partitionClaim, privilegesClaim } from './claim.ts';

/** What stands in a token. Times are milliseconds since 1970. */
export interface TokenContents {
  readonly caller: Caller;
  readonly issuedAt: number;
  /** null for a token that lasts as long as the secret. */
  readonly expiresAt: number | null;
  readonly issuer: string | null;
  readonly audience: string | null;
}

/** Signs a token with HS256. Names the privileges only where the caller lacks one, as having all is the default. */
export async function signToken(contents: TokenContents, secret: Uint8Array): Promise<string> {
  const { caller, issuedAt, expiresAt, issuer, audience } = contents;
  const hasAll = allPrivileges.every((privilege) => caller.privileges.has(privilege));
  const claims = {
    [partitionClaim]: caller.partitionId.toString(),
    ...(hasAll ? {} : { [privilegesClaim]: [...caller.privileges] }),
  };
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(secondsOf(issuedAt));
  if (expiresAt !== null) token.setExpirationTime(secondsOf(expiresAt));
  if (issuer !== null) token.setIssuer(issuer);
  if (audience !== null) token.setAudience(audience);
  return token.sign(secret);
}

function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
