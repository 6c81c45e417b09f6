/** Events on their way from whoever makes them to a socket: one at a time, and never kept in between. */
import type { ExecutionResult } from 'graphql';
import { LiveStream, type EventTaker } from '../execution/live-stream.ts';
import type { StreamAudit, StreamEnd } from './audit.ts';
import { maskErrors, type MaskContext } from './error-mask.ts';
import { KeptWithResult } from './kept-with-result.ts';
import { maskResult } from './result-mask.ts';

/** Where events go. */
export interface EventSink {
  /**
   * Hands an event to the socket. Returns true where there is room for one more, unless the events are told of the
   * contrary in the same turn (`untaken`); where there is none, they are told when there is.
   */
  deliver(event: ExecutionResult): boolean;
  /** Told when the stream is over of itself, but not when it was stopped. */
  done(): void;
  /** Told when an event could not be written; by then the stream has been released. */
  failed(thrown: unknown): void;
}

/** Makes events for a taker, each when it is wanted; more than an iterator in that it needs no promise for each. */
interface Feed {
  follow(taker: EventTaker): void;
  want(): void;
  /** None is wanted after all; one that is under way may come all the same. */
  unwant(): void;
  return(): Promise<unknown>;
}

const maskedAlready = new KeptWithResult<ExecutionResult>();

/**
 * A stream of events that are fit to leave, their errors masked. One event that goes to many is masked once, so that
 * it stays one for all of them and one mistake is one line in the log; what it denies is told of each stream. A feed
 * that fails ends with the error as its event. Each stream begins here, and ends here however it does: so both are
 * audited.
 */
export class Events implements EventTaker {
  readonly #feed: Feed;
  /** Without the trail: masked for the first of many, an event must not be taken for one that only this stream was sent. */
  readonly #masking: MaskContext;
  readonly #trail: StreamAudit | null;
  #sink: EventSink | null = null;
  /** Whether the feed gives nothing any more. */
  #isOver = false;
  /** Whether the client has to take something before it is given more. */
  #isBehind = false;

  constructor(iterator: AsyncIterator<ExecutionResult>, context: MaskContext) {
    this.#feed = iterator instanceof LiveStream ? iterator : new IteratorFeed(iterator);
    this.#masking = context.audit === null ? context : { ...context, audit: null };
    this.#trail = context.audit?.opened() ?? null;
  }

  /** Begins: the first event is wanted at once. */
  pour(sink: EventSink): void {
    this.#sink = sink;
    this.#feed.follow(this);
  }

  /** The last event is in the kernel's hands: one more is wanted. */
  taken(): void {
    this.#isBehind = false;
    if (this.#sink === null) return;
    if (this.#isOver) this.done();
    else this.#feed.want();
  }

  /** The last event is not in the kernel's hands after all. */
  untaken(): void {
    this.#isBehind = true;
    if (!this.#isOver) this.#feed.unwant();
  }

  /** Ends it from this side, at any time; once it is over nothing happens. */
  release(end: StreamEnd): void {
    this.#sink = null;
    this.#trail?.closed(end);
    this.#releaseFeed();
  }

  /** From the feed. */
  event(result: ExecutionResult): boolean {
    if (this.#sink === null) return false;
    try {
      return this.#deliver(this.#masked(result), this.#sink);
    } catch (thrown) {
      this.#fail(thrown);
      return false;
    }
  }

  /** From the feed. */
  done(): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#sink = null;
    this.#isOver = true;
    this.#trail?.ended();
    sink.done();
  }

  /** From the feed. */
  failed(thrown: unknown): void {
    if (this.#sink === null) return;
    this.#releaseFeed();
    try {
      if (this.#deliver({ errors: maskErrors([thrown], this.#masking) }, this.#sink)) this.done();
    } catch (another) {
      this.#fail(another);
    }
  }

  #masked(result: ExecutionResult): ExecutionResult {
    if (result.errors === undefined) return result;
    return maskedAlready.of(result) ?? maskedAlready.keep(result, maskResult(result, this.#masking));
  }

  #deliver(event: ExecutionResult, sink: EventSink): boolean {
    this.#trail?.sent(event);
    return sink.deliver(event) && !this.#isBehind;
  }

  #fail(thrown: unknown): void {
    const sink = this.#sink;
    this.release('service');
    sink?.failed(thrown);
  }

  #releaseFeed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { asker, log } = this.#masking;
    this.#feed
      .return()
      .catch((thrown: unknown) =>
        log.error({ requestId: asker.requestId, err: thrown }, 'a stream did not end well'),
      );
  }
}

/** An iterator as a feed. */
class IteratorFeed implements Feed {
  readonly #iterator: AsyncIterator<ExecutionResult>;
  #taker: EventTaker | null = null;

  constructor(iterator: AsyncIterator<ExecutionResult>) {
    this.#iterator = iterator;
  }

  follow(taker: EventTaker): void {
    this.#taker = taker;
    this.want();
  }

  want(): void {
    const taker = this.#taker;
    this.#pull().then(
      (step) => {
        if (step.done === true) taker?.done();
        else if (taker?.event(step.value) === true) this.want();
      },
      (thrown: unknown) => taker?.failed(thrown),
    );
  }

  unwant(): void {}

  async return(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** What is thrown at once is a rejection as well. */
  async #pull(): Promise<IteratorResult<ExecutionResult>> {
    return this.#iterator.next();
  }
}
