/** A subscription on one host, kept open as long as it has holders. */
import type { Logger } from 'pino';
import { HvqlError } from '../../../errors.ts';
import { formatDuration } from '../../../snapshot/duration.ts';
import type { StreamEndKind } from '../../message.ts';
import { partsOfAnswer } from '../host-answer.ts';
import { hostUnreachable, type HostQuestions, type HostStream as OpenStream } from '../host-questions.ts';
import type { HostRegistry } from '../host-registry.ts';

/** How often the lease of a stream is renewed. It lasts as long as a delegated token, 30 seconds. */
const renewalMilliseconds = 10_000;

/** A lease that expires within this time is renewed if there is a new caller whose credentials expire later. */
const endingMilliseconds = 5_000;

/** The delay after which an ended stream is reopened. For a host that returns, there is no delay. */
const retryMilliseconds = 1_000;
/** The same for a host that is not alive. */
const absentRetryMilliseconds = 5_000;
/** The same for a stream that the host has rejected or completed: the result is unlikely to change soon. */
const refusedRetryMilliseconds = 15_000;

/** How long a value may take to arrive, in addition to the intervals for which the previous value is used. */
const deliveryMilliseconds = 500;
/** The number of intervals for which the last value of a host replaces missing ones. */
const carriedIntervals = 2;

/** The dependencies that all streams of a gateway share. */
export interface HostStreamServices {
  readonly registry: Pick<HostRegistry, 'get' | 'problem' | 'missed' | 'answered'>;
  readonly questions: Pick<HostQuestions, 'watch' | 'isConnected'>;
  /** How long a host may take for its first event. */
  readonly hostDeadlineMilliseconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Opens a stream when its turn comes: only some streams are opened at a time. */
  readonly inTurn: (open: () => Promise<void>) => Promise<void>;
}

/** A holder of a stream. */
export interface StreamHolder {
  /** When the credentials of its callers expire, in milliseconds since 1970; null if they do not expire. */
  readonly expiresAt: number | null;
}

/** The host and the subscription of a stream. */
export interface HostStreamOptions {
  readonly host: string;
  /** The first holder of the stream. */
  readonly holder: StreamHolder;
  /** Equal for the streams of the same request to other hosts. */
  readonly key: string;
  readonly everyMilliseconds: number;
  /** The parameters of the subscription as JSON. */
  readonly body: Uint8Array;
  /** "Bearer <delegated token>" that expires with the credentials at the latest. */
  readonly authorize: (expiresAt: number | null) => Promise<string>;
}

/** The newest value of a host, and how long ago it arrived. */
export interface HostReading {
  /** An error if the host has one in place of the part. */
  readonly value: unknown;
  readonly ageMilliseconds: number;
  /** Bytes of the message that it was in. */
  readonly bytes: number;
}

/** The newest result. It is parsed when an event needs it. */
interface Newest {
  readonly result: Buffer;
  readonly at: number;
  parsed?: unknown;
}

/**
 * One stream from one host for all holders that need the same. A stream that ends by itself is reopened: immediately if
 * the host returns, otherwise after some time.
 */
export class HostStream {
  readonly holders: Set<StreamHolder>;
  readonly #services: HostStreamServices;
  readonly #options: HostStreamOptions;
  #open: OpenStream | null = null;
  #isOpening = false;
  #isReleased = false;
  #newest: Newest | null = null;
  /** Whether the host has completed the subscription: its last result then never becomes too old. */
  #isComplete = false;
  #problem: HvqlError | null = null;
  #renewedAt = 0;
  /** When the credentials of the last lease request expire. */
  #leaseEnd: number | null = null;
  #retryAt = 0;
  /** Ends the wait for the first event. */
  #settle: (() => void) | null = null;
  #first: Promise<void>;

  constructor(services: HostStreamServices, options: HostStreamOptions) {
    this.#services = services;
    this.#options = options;
    this.holders = new Set([options.holder]);
    this.#first = this.#openInTurn();
  }

  get host(): string {
    return this.#options.host;
  }

  get key(): string {
    return this.#options.key;
  }

  /** Resolves once the host has sent an event, has rejected the request, or has missed the deadline. */
  first(): Promise<void> {
    return this.#first;
  }

  /** The newest value of the host. Throws HOST_UNREACHABLE if no value is new enough. */
  read(): HostReading {
    const { host, everyMilliseconds } = this.#options;
    const newest = this.#newest;
    if (newest === null) throw this.#problem ?? hostUnreachable(host, 'it has not sent anything yet');
    const ageMilliseconds = performance.now() - newest.at;
    if (!this.#isComplete && ageMilliseconds > everyMilliseconds + deliveryMilliseconds) {
      const longest = carriedIntervals * everyMilliseconds + deliveryMilliseconds;
      const isAbsent = this.#services.registry.get(host)?.status === 'UNREACHABLE';
      if (isAbsent || ageMilliseconds > longest)
        throw hostUnreachable(host, `it has sent nothing for ${formatDuration(Math.round(ageMilliseconds))}`);
    }
    if (newest.parsed === undefined) newest.parsed = this.#parse(newest.result);
    return { value: newest.parsed, ageMilliseconds, bytes: newest.result.length };
  }

  /** Called every second: renews the lease, or reopens the stream. */
  onHeartbeat(): void {
    const now = performance.now();
    if (this.#open !== null) {
      if (now - this.#renewedAt < renewalMilliseconds && !this.#isLeaseShort()) return;
      this.#renewedAt = now;
      this.#authorize().then(
        (authorization) => this.#open?.renew(authorization),
        () => undefined,
      );
    } else if (now >= this.#retryAt) this.#reopen();
  }

  /** The host is available again, maybe as another process, which does not know this stream. */
  onReturn({ isOther }: { readonly isOther: boolean }): void {
    if (isOther && this.#open !== null) {
      this.#open.cancel();
      this.#end(hostUnreachable(this.host, 'it has restarted'));
    }
    if (this.#open === null) this.#reopen();
  }

  /** The connection to NATS is restored. */
  onReconnect(): void {
    if (this.#open === null) this.#reopen();
  }

  /** Ends the stream, which has no holders any more. */
  release(): void {
    this.#isReleased = true;
    this.#open?.cancel();
    this.#open = null;
    this.#newest = null;
    this.#settle?.();
  }

  #reopen(): void {
    if (this.#isOpening || this.#isReleased || !this.#services.questions.isConnected) return;
    this.#first = this.#openInTurn();
  }

  async #openInTurn(): Promise<void> {
    this.#isOpening = true;
    try {
      await this.#services.inTurn(() => this.#begin());
    } catch (thrown) {
      const { host } = this.#options;
      this.#end(thrown instanceof HvqlError ? thrown : hostUnreachable(host, 'no stream could be opened'));
      if (!(thrown instanceof HvqlError) && !this.#isReleased)
        this.#services.log.error({ err: thrown, host }, 'a stream of a host could not be opened');
    } finally {
      this.#isOpening = false;
    }
  }

  /** Resolves once the first event has arrived, or cannot arrive any more. */
  async #begin(): Promise<void> {
    if (this.#isReleased) return;
    const { host, body } = this.#options;
    const { registry, questions, hostDeadlineMilliseconds } = this.#services;
    const problem = questions.isConnected ? registry.problem(host) : 'NATS cannot be reached';
    if (problem !== null) throw hostUnreachable(host, problem);
    const authorization = await this.#authorize();
    if (this.#isReleased) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        registry.missed(host);
        this.#open?.cancel();
        this.#end(hostUnreachable(host, `it has not responded within ${hostDeadlineMilliseconds} ms`));
      }, hostDeadlineMilliseconds);
      this.#settle = () => {
        clearTimeout(timer);
        this.#settle = null;
        resolve();
      };
      this.#renewedAt = performance.now();
      this.#open = questions.watch(
        { host, body, authorization },
        {
          event: (result) => {
            registry.answered(host);
            // The lease has expired, and the end of the stream follows: the last value is used until it is reopened.
            if (this.#newest !== null && isEndOfLease(result)) return;
            this.#newest = { result, at: performance.now() };
            this.#isComplete = false;
            this.#problem = null;
            this.#settle?.();
          },
          end: (kind) => this.#onEnd(kind),
        },
      );
    });
  }

  #authorize(): Promise<string> {
    this.#leaseEnd = this.#latestEnd();
    return this.#options.authorize(this.#leaseEnd);
  }

  #latestEnd(): number | null {
    let latest: number | null = 0;
    for (const { expiresAt } of this.holders)
      latest = expiresAt === null || latest === null ? null : Math.max(latest, expiresAt);
    return latest;
  }

  /** Whether the lease expires soon with the credentials of one caller, and those of another expire later. */
  #isLeaseShort(): boolean {
    const end = this.#leaseEnd;
    if (end === null || end - this.#services.now() > endingMilliseconds) return false;
    const latest = this.#latestEnd();
    return latest === null || latest > end;
  }

  #onEnd(kind: StreamEndKind | 'unreachable'): void {
    if (kind === 'unreachable' || kind === 'service') {
      this.#end(
        hostUnreachable(this.host, kind === 'service' ? 'its service is stopping' : 'it is not connected'),
      );
      return;
    }
    // The last value is used until the stream is reopened or the value becomes too old.
    this.#open = null;
    this.#isComplete = kind === 'complete' && this.#newest !== null;
    this.#retryAt = performance.now() + (kind === 'complete' ? refusedRetryMilliseconds : 0);
    this.#settle?.();
  }

  #end(problem: HvqlError): void {
    const isAbsent = this.#services.registry.get(this.host)?.status === 'UNREACHABLE';
    this.#open = null;
    this.#newest = null;
    this.#problem = problem;
    this.#retryAt = performance.now() + (isAbsent ? absentRetryMilliseconds : retryMilliseconds);
    this.#settle?.();
  }

  #parse(result: Buffer): unknown {
    const { host } = this.#options;
    const version = (): string | null => this.#services.registry.get(host)?.alive?.version ?? null;
    try {
      return partsOfAnswer(result, { host, count: 1, version })[0];
    } catch (thrown) {
      if (thrown instanceof HvqlError) return thrown;
      throw thrown;
    }
  }
}

/** Whether this is the last event of a stream whose lease has expired: an error without data. */
function isEndOfLease(result: Buffer): boolean {
  return result.length < 1_000 && /^\{"errors":.*"UNAUTHENTICATED"(?!.*"data":)/.test(result.toString());
}
