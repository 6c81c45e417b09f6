/**
 * The key set of an identity provider. It is fetched when it is first needed, then at an interval and for unknown key ids.
 * While it cannot be fetched, the last one stays valid for some time. jose does the fetching but not the timing: it uses
 * the wall clock, which may be set, and without a key set it fetches for every token.
 */
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { HvqlError, UsageError } from '../../errors.ts';
import { asymmetricAlgorithms, keyIdsOf, type VerificationKey } from './public-key.ts';

/** Times in milliseconds. */
export interface KeySetTimes {
  /** The age at which a key set is fetched again, so that a withdrawn key stops being valid. @default 5 minutes */
  readonly refresh: number;
  /** The time from a failed fetch to the next automatic one. @default 30 s */
  readonly retry: number;
  /** How long keys stay valid while their server cannot be reached. @default 1 hour */
  readonly keep: number;
  /** A monotonic clock. @default performance.now */
  readonly steady: () => number;
}

const defaultTimes: KeySetTimes = {
  refresh: 300_000,
  retry: 30_000,
  keep: 3_600_000,
  steady: () => performance.now(),
};

/** How long the key set's server may take to answer. */
const fetchTimeoutMilliseconds = 5_000;
/** The shortest time between two fetches for unknown key ids: keys rotate, but callers may also invent key ids. */
const unknownKeyCooldownMilliseconds = 10_000;
/** How long no request causes a fetch after one that failed. */
const failureCooldownMilliseconds = 5_000;

type Keys = Pick<VerificationKey, 'resolve' | 'ids'>;

/** The keys at a URL. */
export class RemoteKeySet {
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  readonly #times: KeySetTimes;
  readonly #log: Logger;
  readonly #onChange: () => void;
  #keys: Keys | null = null;
  #fetch: Promise<void> | null = null;
  /** By the monotonic clock, as `#endedAt`. */
  #fetchedAt = Number.NEGATIVE_INFINITY;
  /** The end of the last fetch. If the server never answers, the cooldown begins when the fetch is given up. */
  #endedAt = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  /** When an unknown key id last caused a fetch. */
  #unknownKeyAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Does not fetch yet. Calls `onChange` when a key that was valid is withdrawn. */
  constructor(
    url: URL,
    options: { readonly log: Logger; readonly onChange: () => void; readonly times?: Partial<KeySetTimes> },
  ) {
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#times = { ...defaultTimes, ...options.times };
    this.#remote = createRemoteJWKSet(url, { timeoutDuration: fetchTimeoutMilliseconds });
  }

  /** The keys as they are now. `resolve` rejects with IDENTITY_UNAVAILABLE while they cannot be fetched. */
  get current(): VerificationKey {
    return {
      algorithms: asymmetricAlgorithms,
      ids: this.#keys?.ids ?? new Set(),
      resolve: (header, token) => this.#resolve(header, token),
    };
  }

  async renew(): Promise<void> {
    await this.#refresh();
    if (this.#hasFailed) throw new UsageError(['The key set could not be fetched.']);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #resolve(...question: Parameters<JWTVerifyGetKey>): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    if (this.#keys === null && this.#restMilliseconds === 0) await this.#refresh();
    const { resolve } = this.#keys ?? this.#unavailable();
    try {
      return await resolve(...question);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown;
      await this.#refreshForUnknownKey();
      // The key may be one that has not been fetched.
      if (this.#hasFailed) this.#unavailable();
      return (this.#keys ?? this.#unavailable()).resolve(...question);
    }
  }

  async #refreshForUnknownKey(): Promise<void> {
    const now = this.#times.steady();
    if (this.#restMilliseconds > 0 || now - this.#unknownKeyAt < unknownKeyCooldownMilliseconds) return;
    this.#unknownKeyAt = now;
    await this.#refresh();
  }

  /** How long no request causes a fetch; 0 unless the last fetch failed. */
  get #restMilliseconds(): number {
    if (!this.#hasFailed) return 0;
    return Math.max(0, this.#endedAt + failureCooldownMilliseconds - this.#times.steady());
  }

  #unavailable(): never {
    throw new HvqlError(
      'IDENTITY_UNAVAILABLE',
      'The identity cannot be verified right now: the key set of the identity provider cannot be fetched. Try again later.',
      { retryInMilliseconds: Math.ceil(this.#restMilliseconds) },
    );
  }

  /** Fetches once for all requests that wait. */
  #refresh(): Promise<void> {
    this.#fetch ??= this.#load().finally(() => (this.#fetch = null));
    return this.#fetch;
  }

  async #load(): Promise<void> {
    const { steady } = this.#times;
    const begin = steady();
    try {
      await this.#remote.reload();
      const set = this.#remote.jwks();
      if (set === undefined) throw new TypeError('There is no key set after it was fetched');
      this.#fetchedAt = begin;
      if (this.#hasFailed) this.#log.info('the key set can be fetched again');
      this.#hasFailed = false;
      this.#use({ resolve: createLocalJWKSet(set), ids: keyIdsOf(set.keys) });
    } catch (thrown) {
      // Logged once for each outage.
      if (!this.#hasFailed) this.#log.warn({ err: thrown }, 'the key set could not be fetched');
      this.#hasFailed = true;
      if (this.#keys !== null && begin - this.#fetchedAt >= this.#times.keep) {
        this.#log.error('the key set could not be fetched for too long: its keys are no longer good');
        this.#use(null);
      }
    } finally {
      this.#endedAt = steady();
      this.#schedule();
    }
  }

  #use(keys: Keys | null): void {
    const before = this.#keys?.ids ?? new Set<string>();
    this.#keys = keys;
    if ([...before].some((id) => keys?.ids.has(id) !== true)) this.#onChange();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const { refresh, retry } = this.#times;
    this.#timer = setTimeout(() => void this.#refresh(), this.#hasFailed ? retry : refresh).unref();
  }
}
