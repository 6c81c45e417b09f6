/** A cache of verified tokens. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Revocations } from '../../revocation/revocations.ts';

/** An identity, as far as its end counts here. */
interface Ending {
  /** In milliseconds since 1970; null where it does not end. */
  readonly expiresAt: number | null;
}

/** A verification, and the times and the epoch of revocations within which it holds. */
export interface VerifiedToken<Identified extends Ending> {
  readonly identified: Identified;
  readonly epoch: number;
  readonly from: number;
  readonly until: number;
}

/** More callers than a service has within minutes. */
const limit = 10_000;

/**
 * Keeps verifications. None of them holds after the token's end, before the time of the verification (the wall clock may
 * be set back), or after a revocation or a change of keys.
 */
export class TokenCache<Identified extends Ending> {
  readonly #options;
  /** By digest: no token stays in memory, and the time of a lookup reveals nothing of one. */
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

  /** `epoch` is that of before the verification began: keys may have changed during it. */
  set(token: string, { identified, epoch }: Pick<VerifiedToken<Identified>, 'identified' | 'epoch'>): void {
    const from = this.#options.now();
    const until = Math.min(identified.expiresAt ?? Infinity, from + this.#options.maxAgeMilliseconds);
    this.#verified.set(digestOf(token), { identified, epoch, from, until });
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
