/** A cache of verified tokens. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Revocations } from '../../revocation/revocations.ts';

/** The part of an identity that the cache needs. */
interface Ending {
  /** In milliseconds since 1970; null if it does not end. */
  readonly expiresAt: number | null;
}

/** A verification, with the times and the epoch of revocations in which it is valid. */
export interface VerifiedToken<Identified extends Ending> {
  readonly identified: Identified;
  readonly epoch: number;
  readonly from: number;
  readonly until: number;
}

/** More callers than a service has within minutes. */
const limit = 10_000;

/**
 * Keeps verifications. A verification is not valid after the token's end, before its own time (the wall clock may be set
 * back), or after a revocation or a change of keys.
 */
export class TokenCache<Identified extends Ending> {
  readonly #options;
  /** By digest, so that no token stays in memory and the duration of a lookup reveals nothing about one. */
  readonly #verified = new LRUCache<string, VerifiedToken<Identified>>({ max: limit });

  /** `now` is in milliseconds since 1970. */
  constructor(options: {
    readonly now: () => number;
    readonly revocations: Pick<Revocations, 'epoch'>;
    readonly maxAgeMilliseconds: number;
  }) {
    this.#options = options;
  }

  get size(): number {
    return this.#verified.size;
  }

  get(token: string): VerifiedToken<Identified> | undefined {
    const digest = digestOf(token);
    const verified = this.#verified.get(digest);
    if (verified === undefined || this.isValid(verified)) return verified;
    this.#verified.delete(digest);
    return undefined;
  }

  isValid({ from, until, epoch }: VerifiedToken<Identified>): boolean {
    const now = this.#options.now();
    return now >= from && now < until && epoch === this.#options.revocations.epoch;
  }

  /** `epoch` is from before the verification, during which keys may have changed. */
  set(token: string, { identified, epoch }: Pick<VerifiedToken<Identified>, 'identified' | 'epoch'>): void {
    const from = this.#options.now();
    const until = Math.min(identified.expiresAt ?? Infinity, from + this.#options.maxAgeMilliseconds);
    this.#verified.set(digestOf(token), { identified, epoch, from, until });
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
