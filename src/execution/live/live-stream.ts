/** One subscriber's stream of events: made when they are wanted, so that whoever is slow gets the newest and costs no more. */
import type { ExecutionResult } from 'graphql';
import type { Tick } from '../../sampling/schedule/tick.ts';
import type { LiveResult } from './live-event.ts';
import type { SharedSubscription } from './shared-subscription.ts';

/** What a stream needs of those around it. */
export interface LiveStreamOptions {
  readonly operation: SharedSubscription;
  /** Called once, when nothing more will come. */
  readonly onEnd: () => void;
}

/** Who is given the events of a stream, one each time that it wants one. None of these throws. */
export interface StreamListener {
  /** Returns true where it has room for one more at once. */
  event(result: ExecutionResult): boolean;
  /** Nothing more will come. */
  done(): void;
  /** An event could not be made. */
  failed(thrown: unknown): void;
}

/**
 * The events of one stream, each made when it is wanted, of the newest tick there is. Holds one tick that was not
 * wanted yet, and the one that the last event was made of. No promise goes with an event, as there may be very many
 * streams; `next` makes one for those who are few.
 */
export class LiveStream implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #operation: SharedSubscription;
  readonly #onEnd: () => void;
  /** When the first look was taken, in nanoseconds; what was read in it is not kept for this. */
  #first: bigint | null = null;
  /** Whether ticks have come that were not right after the first event: all are offered from then on. */
  #isUnderWay = false;
  #newest: Tick | null = null;
  #previous: Tick | null = null;
  /** The last event, where the next one is compared with it. */
  #lastEvent: LiveResult | null = null;
  #isOver = false;
  #isRequested = false;
  #isMaking = false;
  /** Gives what is still to be said once the stream is over, or throws it. */
  #final: (() => ExecutionResult) | null = null;
  #listener: StreamListener | null = null;

  /** `firstTick` is a tick out of turn, for the first event. */
  constructor({ operation, onEnd }: LiveStreamOptions, firstTick: Promise<Tick>) {
    this.#operation = operation;
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

  /** From now on its events go there. The first one is wanted at once. */
  follow(listener: StreamListener): void {
    this.#listener = listener;
    this.request();
  }

  /** The taker has room for one more event. */
  request(): void {
    this.#isRequested = true;
    this.#step();
  }

  /** There is no room after all: until it is wanted again nothing is made. */
  pause(): void {
    this.#isRequested = false;
  }

  /** A tick of the grid. One that comes right after the first event is left out: there is little to tell yet. */
  onTick(tick: Tick): void {
    this.#isUnderWay ||= this.#isWellBefore(tick);
    if (this.#isUnderWay) this.#offer(tick);
  }

  /** The event of a tick that it has asked the operation for. */
  resolve(tick: Tick, event: LiveResult): void {
    this.#isMaking = false;
    // The stream may have ended while the event was made.
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

  /** The event of a tick could not be made. */
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

  /** Ends the stream, after one last result where there is something to say. */
  end(final: (() => ExecutionResult) | null = null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#final = final;
    this.#newest = null;
    this.#previous = null;
    this.#lastEvent = null;
    this.#operation.remove();
    this.#onEnd();
    this.#step();
  }

  /** Whether the first event was there, and some time before. */
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

  /** Makes the next event, where one is wanted and there is something to tell. */
  #step(): void {
    if (!this.#isRequested) return;
    if (this.#isOver) {
      this.#emitFinal();
      return;
    }
    const tick = this.#newest;
    if (tick === null || this.#isMaking) return;
    this.#newest = null;
    this.#isMaking = true;
    this.#operation.make({ tick, previous: this.#previous }, this);
  }

  /** Whether the event says nothing new, and the silence may go on until the next tick. */
  #isUnchanged(event: LiveResult, tick: Tick): boolean {
    const { heartbeat, every } = this.#operation.options;
    if (this.#lastEvent === null || this.#previous === null || event.isLast) return false;
    if (event.text !== this.#lastEvent.text) return false;
    if (heartbeat === null) return true;
    // Ticks come a little early or late: a tenth of their distance is no reason to speak before the time.
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

function millisecondsBetween(earlier: Tick, later: Tick): number {
  return Number(later.began.monotonicNanoseconds - earlier.began.monotonicNanoseconds) / 1e6;
}
