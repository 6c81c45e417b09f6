/** The credential behind an identity: what the audit trail names, and what can be withdrawn. */

/** The credential of a caller, which may be withdrawn while a connection or a stream is open. */
export interface Credential {
  /** The token's `sub`; null where it has none. */
  readonly subject: string | null;
  /** The token's `jti`; null where it has none. */
  readonly tokenId: string | null;
  /** The certificate's SHA-256 fingerprint, 64 lower-case hexadecimal digits; null for a token. */
  readonly fingerprint: string | null;
  /** Why it no longer holds, for the client, without a full stop ("The token has been revoked"); null while it holds. */
  problem(): string | null;
}

/** The credential of a listener that identifies its callers itself. It cannot be withdrawn. */
export const noCredential: Credential = {
  subject: null,
  tokenId: null,
  fingerprint: null,
  problem: () => null,
};
