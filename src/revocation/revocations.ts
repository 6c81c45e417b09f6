/** Which credentials are withdrawn now, and the count of changes by which everything that is open notices. */
import { emptyRevocationList, type RevocationList } from './revocation-list.ts';

/**
 * One for the process. What verifies credentials compares `epoch`, one number, with that of its last verification; what
 * is open learns of each change at once.
 */
export class Revocations {
  #epoch = 0;
  #list = emptyRevocationList;
  readonly #listeners = new Set<() => void>();

  /** Another number once a credential that was good may no longer be. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether a token is revoked, by its own id or by its subject. */
  hasToken({
    tokenId,
    subject,
  }: {
    readonly tokenId: string | null;
    readonly subject: string | null;
  }): boolean {
    const { tokenIds, subjects } = this.#list;
    return (tokenId !== null && tokenIds.has(tokenId)) || (subject !== null && subjects.has(subject));
  }

  /** Whether a certificate is revoked. The fingerprint has 64 lower-case hexadecimal digits. */
  hasCertificate(fingerprint: string): boolean {
    return this.#list.fingerprints.has(fingerprint);
  }

  /** Uses another list. */
  replace(list: RevocationList): void {
    this.#list = list;
    this.advance();
  }

  /** Something else that credentials are verified with has changed: a key, an issuer or a map of certificates. */
  advance(): void {
    this.#epoch += 1;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back, in the same turn, after each change; returns a function that ends it. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
