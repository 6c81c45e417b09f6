/** Tokens that have been verified, so that a caller who asks often is verified once. */
import { hash } from 'node:crypto';
import type { Identified } from './identity.ts';

/** What bounds the memory of tokens. */
export interface KnownTokensOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A number that is another one once the keys may be others: what was verified before is forgotten then. */
  readonly keysVersion: () => number;
  /** How long a verification is good where the token itself lasts longer. */
  readonly maxAgeMilliseconds: number;
}

/** What is known of a token. */
export interface Known {
  readonly identified: Identified;
  readonly keysVersion: number;
  readonly from: number;
  readonly until: number;
}

/** Callers that are remembered; more than ask a service within minutes. */
const limit = 10_000;

/** Remembers verified tokens: never past their end, never before their verification, never under other keys. */
export class KnownTokens {
  readonly #options: KnownTokensOptions;
  /** By digest: neither are tokens kept in memory, nor does the time of a search tell of them. */
  readonly #known = new Map<string, Known>();

  constructor(options: KnownTokensOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Who a token was verified to be; undefined where it has to be verified. */
  find(token: string): Identified | undefined {
    return this.record(token)?.identified;
  }

  /** What is known of a token; undefined where it has to be verified. */
  record(token: string): Known | undefined {
    const digest = digestOf(token);
    const known = this.#known.get(digest);
    if (known === undefined || this.isGood(known)) return known;
    this.#known.delete(digest);
    return undefined;
  }

  /** Whether what was known of a token is still so. */
  isGood({ from, until, keysVersion }: Known): boolean {
    const now = this.#options.now();
    return now >= from && now < until && keysVersion === this.#options.keysVersion();
  }

  /** `keysVersion` is that of before the verification began: keys may have changed under it. */
  keep(token: string, { identified, keysVersion }: Pick<Known, 'identified' | 'keysVersion'>): void {
    const from = this.#options.now();
    const until = Math.min(identified.expiresAt ?? Infinity, from + this.#options.maxAgeMilliseconds);
    const digest = digestOf(token);
    this.#known.delete(digest);
    this.#known.set(digest, { identified, keysVersion, from, until });
    // A Map keeps the order of insertion.
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= limit) break;
      this.#known.delete(oldest);
    }
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
