/** The credential that proved an identity: the audit trail names it, and the operator can revoke it. */

/** The credential of a caller, which may be revoked while a connection or a stream is open. */
export interface Credential {
  /** The token's `sub`; null if absent. */
  readonly subject: string | null;
  /** The token's `jti`; null if absent. */
  readonly tokenId: string | null;
  /** The certificate's SHA-256 fingerprint, 64 lower-case hexadecimal digits; null for a token. */
  readonly fingerprint: string | null;
  /**
   * Why it is no longer valid, for the client, without a full stop ("The token has been revoked"); null while it is
   * valid.
   */
  problem(): string | null;
}

/** The credential of callers that their listener identifies, such as a guest socket. It cannot be revoked. */
export const noCredential: Credential = {
  subject: null,
  tokenId: null,
  fingerprint: null,
  problem: () => null,
};
