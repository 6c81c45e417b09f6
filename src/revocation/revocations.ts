/** The revoked credentials, and the number of changes to the keys, issuers and lists that verify credentials. */
import { emptyRevocationList, type RevocationList } from './revocation-list.ts';

/**
 * One per process. A cached verification is valid while `epoch` is the number that it was made with. Owners of
 * connections and streams check their credentials in a callback of `onAdvance`.
 */
export class Revocations {
  #epoch = 0;
  #list = emptyRevocationList;
  readonly #listeners = new Set<() => void>();

  /** A number that grows whenever a credential that was valid may no longer be. */
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

  /** Call it when something else that verifies credentials has changed: a key, an issuer, a map of certificates. */
  advance(): void {
    this.#epoch += 1;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back, in the same turn, after each change; returns a function that removes the callback. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
