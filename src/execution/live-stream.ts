/** One subscriber's stream of events: pulled, so that whoever is slow gets the newest event and costs no more. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { HvqlError } from '../errors.ts';
import type { Tick } from '../sampling/tick.ts';
import type { LiveResult } from './live-event.ts';
import type { WatchedOperation } from './watched-operation.ts';

/** What a stream needs of those around it. */
export interface LiveStreamWorld {
  readonly operation: WatchedOperation;
  /** Looks out of turn, for the first event. */
  readonly lookNow: () => Promise<Tick>;
  /** When the caller's identity ends, milliseconds since 1970; null where it never does. */
  readonly expiresAt: number | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called once, when nothing more will come. */
  readonly onEnd: () => void;
}

/** A timer that is set to more fires at once. */
const longestTimerMilliseconds = 0x7fff_ffff;

/**
 * The events of one stream, each made when it is asked for, of the newest tick there is. Holds one tick that was not
 * asked for yet, and the one that the last event was made of.
 */
export class LiveStream implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #world: LiveStreamWorld;
  #first: Tick | null = null;
  #newest: Tick | null = null;
  #previous: { readonly tick: Tick; readonly event: LiveResult } | null = null;
  #isOver = false;
  /** Gives what is still to be said once the stream is over, or throws it. */
  #lastWord: (() => ExecutionResult) | null = null;
  #wake: (() => void) | null = null;
  #expiry: NodeJS.Timeout | undefined;

  constructor(world: LiveStreamWorld) {
    this.#world = world;
    world.operation.add(this);
    this.#armExpiry();
    world.lookNow().then(
      (tick) => {
        this.#first = tick;
        this.#offer(tick);
      },
      (error: unknown) =>
        this.end(() => {
          throw error;
        }),
    );
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A tick of the grid. One that comes right after the first event is left out: there is little to tell yet. */
  take(tick: Tick): void {
    if (this.#first === null) return;
    if (millisecondsBetween(this.#first, tick) >= this.#world.operation.options.every / 2) this.#offer(tick);
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    for (;;) {
      if (this.#hasEnded()) return this.#sayLastWord();
      const tick = this.#newest;
      if (tick === null) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      this.#newest = null;
      const event = await this.#world.operation.event(tick, this.#previous?.tick ?? null);
      // The stream may have ended while the event was made.
      if (this.#hasEnded() || this.#isHeldBack(event, tick)) continue;
      this.#previous = { tick, event };
      if (event.isLast) this.end();
      return { done: false, value: event.result };
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#lastWord = null;
    this.end();
    return { done: true, value: undefined };
  }

  /** Ends the stream, after one last result where there is something to say. */
  end(lastWord: (() => ExecutionResult) | null = null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lastWord = lastWord;
    this.#newest = null;
    this.#previous = null;
    clearTimeout(this.#expiry);
    this.#world.operation.remove(this);
    this.#world.onEnd();
    this.#wake?.();
  }

  #hasEnded(): boolean {
    return this.#isOver;
  }

  #offer(tick: Tick): void {
    if (this.#isOver) return;
    this.#newest = tick;
    this.#wake?.();
    this.#wake = null;
  }

  /** Whether the event says nothing new, and the silence may go on until the next tick. */
  #isHeldBack(event: LiveResult, tick: Tick): boolean {
    const { suppressUnchanged, heartbeat, every } = this.#world.operation.options;
    if (!suppressUnchanged || this.#previous === null || event.isLast) return false;
    if (event.text !== this.#previous.event.text) return false;
    if (heartbeat === null) return true;
    // Ticks come a little early or late: a tenth of their distance is no reason to speak before the time.
    return millisecondsBetween(this.#previous.tick, tick) + every <= heartbeat + every / 10;
  }

  #sayLastWord(): IteratorResult<ExecutionResult, undefined> {
    const lastWord = this.#lastWord;
    this.#lastWord = null;
    return lastWord === null ? { done: true, value: undefined } : { done: false, value: lastWord() };
  }

  #armExpiry(): void {
    const { expiresAt, now } = this.#world;
    if (expiresAt === null) return;
    const left = expiresAt - now();
    this.#expiry = setTimeout(
      () => (expiresAt > now() ? this.#armExpiry() : this.end(sayExpired)),
      Math.min(Math.max(left, 0), longestTimerMilliseconds),
    );
  }
}

function sayExpired(): ExecutionResult {
  const error = new HvqlError(
    'UNAUTHENTICATED',
    'The token or the client certificate has expired, and the stream with it.',
  );
  return { errors: [new GraphQLError(error.message, { originalError: error })] };
}

function millisecondsBetween(earlier: Tick, later: Tick): number {
  return Number(later.began.monotonicNanoseconds - earlier.began.monotonicNanoseconds) / 1e6;
}
