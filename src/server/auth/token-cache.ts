/** Verified tokens, so that a caller who asks often is verified once. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identified } from './identity.ts';

/** A verification, and between which times and for which version of the keys it holds. */
export interface VerifiedToken {
  readonly identified: Identified;
  readonly keysVersion: number;
  readonly from: number;
  readonly until: number;
}

/** More callers than ask a service within minutes. */
const limit = 10_000;

/** Keeps verifications: never past the token's end, before the verification, or under other keys. */
export class TokenCache {
  readonly #options;
  /** By digest, so that no token stays in memory, and no timing of a lookup tells anything about one. */
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
