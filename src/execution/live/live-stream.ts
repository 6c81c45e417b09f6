/** One subscriber's stream of events. Events are created on request, so that a slow subscriber skips to the newest tick. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import type { ValueBudget } from '../../limits/value-budget.ts';
import type { LiveOptions } from '../../graph/type/subscription.ts';
import type { LiveResult } from './live-event.ts';
import type { EventConsumer, EventTicks, TimedTick } from './shared-events.ts';

/** A minute. */
const nanosecondsBetweenErrors = 60_000_000_000n;

/** The operation of streams: what makes their events. */
export interface StreamedOperation<Tick extends TimedTick> {
  readonly options: LiveOptions;
  /** Adds a stream. */
  add(): void;
  /** Removes a stream. */
  remove(): void;
  /** Creates the event of a tick, or takes the one that another stream has asked for, and delivers it to the consumer. */
  make(ticks: EventTicks<Tick>, consumer: EventConsumer<Tick>): void;
}

/** Options of a stream. */
export interface LiveStreamOptions<Tick extends TimedTick> {
  readonly operation: StreamedOperation<Tick>;
  /** Of the caller. While nothing is left, events come less often. */
  readonly budget: ValueBudget;
  /** Called once when the stream ends. */
  readonly onEnd: () => void;
}

/** Receives the events of a stream, one for each request. Its methods must not throw. */
export interface StreamListener {
  /** Returns true to request the next event at once. */
  event(result: ExecutionResult): boolean;
  /** The stream has ended. */
  done(): void;
  /** An event failed. */
  failed(thrown: unknown): void;
}

/**
 * The events of one stream, each created on request from the newest tick. The stream keeps the newest unused tick and
 * the tick of its last event. Events use callbacks instead of promises, because there may be very many streams; `next`
 * adds a promise.
 */
export class LiveStream<Tick extends TimedTick = TimedTick>
  implements AsyncIterableIterator<ExecutionResult, undefined>, EventConsumer<Tick>
{
  readonly budget: ValueBudget;
  readonly #operation: StreamedOperation<Tick>;
  readonly #onEnd: () => void;
  /** When the first snapshot was taken, in nanoseconds. */
  #first: bigint | null = null;
  /** Whether a tick came late enough after the first event. From then on every tick is used. */
  #isUnderWay = false;
  #newest: Tick | null = null;
  #previous: Tick | null = null;
  /** The last event, if the next one is compared with it. */
  #lastEvent: LiveResult | null = null;
  #isOver = false;
  #isRequested = false;
  #isMaking = false;
  /** Returns or throws the final result after the stream has ended. */
  #final: (() => ExecutionResult) | null = null;
  #listener: StreamListener | null = null;
  /** Withdraws the wait for the budget; null while the stream does not wait for it. */
  #withdraw: (() => void) | null = null;
  /** When the last error about the budget was sent: the beginning of its tick, in nanoseconds. */
  #budgetErrorAt: bigint | null = null;

  /** `firstTick` is a tick out of turn, for the first event. */
  constructor({ operation, budget, onEnd }: LiveStreamOptions<Tick>, firstTick: Promise<Tick>) {
    this.#operation = operation;
    this.budget = budget;
    this.#onEnd = onEnd;
    operation.add();
    firstTick.then(
      (tick) => {
        this.#first = tick.began.monotonicNanoseconds;
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

  /** Sends the events to this listener, and requests the first one. */
  follow(listener: StreamListener): void {
    this.#listener = listener;
    this.request();
  }

  /** Requests one event. */
  request(): void {
    this.#isRequested = true;
    this.#step();
  }

  /** Withdraws the request. */
  pause(): void {
    this.#isRequested = false;
  }

  /** Receives a tick of the scheduler. Skips one that comes right after the first event. */
  onTick(tick: Tick): void {
    this.#isUnderWay ||= this.#isWellBefore(tick);
    if (this.#isUnderWay) this.#offer(tick);
  }

  /** Receives a requested event. */
  resolve(tick: Tick, event: LiveResult): void {
    this.#isMaking = false;
    // The stream may have ended while the event was created.
    if (this.#isOver || this.#isUnchanged(event, tick)) {
      this.#step();
      return;
    }
    this.#previous = tick;
    if (this.#operation.options.suppressUnchanged) this.#lastEvent = event;
    this.#isRequested = false;
    if (event.isLast) this.end();
    this.#deliver(event.result);
  }

  /** A requested event failed. */
  reject(thrown: unknown): void {
    this.#isMaking = false;
    if (this.#isOver) {
      this.#step();
      return;
    }
    this.#isRequested = false;
    this.#listener?.failed(thrown);
  }

  next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    return new Promise((resolve, reject) =>
      this.follow({
        event: (value) => {
          resolve({ done: false, value });
          return false;
        },
        done: () => resolve({ done: true, value: undefined }),
        failed: reject,
      }),
    );
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#final = null;
    this.end();
    return { done: true, value: undefined };
  }

  /** Ends the stream, with an optional final result. */
  end(final: (() => ExecutionResult) | null = null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#final = final;
    this.#newest = null;
    this.#previous = null;
    this.#lastEvent = null;
    this.#withdraw?.();
    this.#withdraw = null;
    this.#operation.remove();
    this.#onEnd();
    this.#step();
  }

  /** Whether the first event is at least half an interval before this tick. */
  #isWellBefore(tick: Tick): boolean {
    if (this.#first === null) return false;
    const elapsed = Number(tick.began.monotonicNanoseconds - this.#first) / 1e6;
    return elapsed >= this.#operation.options.every / 2;
  }

  #deliver(result: ExecutionResult): void {
    if (this.#listener?.event(result) === true) this.request();
  }

  #offer(tick: Tick): void {
    if (this.#isOver) return;
    this.#newest = tick;
    this.#step();
  }

  /** Creates the next event if one is requested and a tick is available. */
  #step(): void {
    if (!this.#isRequested) return;
    if (this.#isOver) {
      this.#emitFinal();
      return;
    }
    const tick = this.#newest;
    if (tick === null || this.#isMaking || this.#withdraw !== null) return;
    if (this.budget.isSpent) {
      this.#waitForBudget(tick);
      return;
    }
    this.#newest = null;
    this.#isMaking = true;
    this.#operation.make({ tick, previous: this.#previous }, this);
  }

  /**
   * The event is of the newest tick by then, as for a slow client. The client gets the reason, at most once a minute: with
   * each event that is late it would get nearly as many errors as events.
   */
  #waitForBudget({ began: { monotonicNanoseconds: now } }: Tick): void {
    this.#withdraw = this.budget.whenFree(() => {
      this.#withdraw = null;
      this.#step();
    });
    if (this.#budgetErrorAt !== null && now - this.#budgetErrorAt < nanosecondsBetweenErrors) return;
    this.#budgetErrorAt = now;
    this.#isRequested = false;
    const error = this.budget.exceeded(' Until then the events of this subscription come less often.');
    this.#deliver({ errors: [new GraphQLError(error.message, { originalError: error })] });
  }

  /** Whether to skip this event: it is unchanged and the heartbeat is not due before the next tick. */
  #isUnchanged(event: LiveResult, tick: Tick): boolean {
    const { heartbeat, every } = this.#operation.options;
    if (this.#lastEvent === null || this.#previous === null || event.isLast) return false;
    if (event.text !== this.#lastEvent.text) return false;
    if (heartbeat === null) return true;
    // Ticks are slightly early or late, so a tenth of the interval is tolerated.
    return millisecondsBetween(this.#previous, tick) + every <= heartbeat + every / 10;
  }

  #emitFinal(): void {
    const [final, listener] = [this.#final, this.#listener];
    this.#final = null;
    this.#isRequested = false;
    if (final === null) {
      listener?.done();
      return;
    }
    let result;
    try {
      result = final();
    } catch (thrown) {
      listener?.failed(thrown);
      return;
    }
    this.#deliver(result);
  }
}

function millisecondsBetween(earlier: TimedTick, later: TimedTick): number {
  return Number(later.began.monotonicNanoseconds - earlier.began.monotonicNanoseconds) / 1e6;
}
