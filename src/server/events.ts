/** Events on their way from whoever makes them to a socket: one at a time, and never kept in between. */
import type { ExecutionResult } from 'graphql';
import { HvqlError } from '../errors.ts';
import { LiveStream, type EventTaker } from '../execution/live-stream.ts';
import type { StreamAudit, StreamEnd } from './audit.ts';
import { maskErrors, maskResult, type MaskContext } from './error-mask.ts';
import { KeptWithResult } from './kept-with-result.ts';
import type { Requester } from './request-context.ts';

/** Where events go. */
export interface EventSink {
  /**
   * Hands an event to the socket. Returns true where there is room for one more, unless the events are told of the
   * contrary in the same turn (`untaken`); where there is none, they are told when there is.
   */
  deliver(event: ExecutionResult): boolean;
  /** Told when the stream is over of itself, but not when it was stopped. */
  done(): void;
  /**
   * Told, behind the last event, when the caller's identity has expired: the connection ends without saying that the
   * operation is complete, so that a client with a new token opens the stream again.
   */
  expired(): void;
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

/** Whose events they are, and the clock that the end of their identity is compared with. */
export interface EventsContext extends MaskContext {
  readonly requester: Requester;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const maskedAlready = new KeptWithResult<ExecutionResult>();

/**
 * A stream of events that are fit to leave, their errors masked. One event that goes to many is masked once, so that
 * it stays one for all of them and one mistake is one line in the log; what it denies is told of each stream. A feed
 * that fails ends with the error as its event. Each stream begins here, and ends here however it does: so both are
 * audited. The identity of the caller is compared with the wall clock, which may be set and goes on while a machine
 * is suspended, at every event; whoever holds the stream has it compared in between, by `checkExpiry`.
 */
export class Events implements EventTaker {
  readonly #feed: Feed;
  /** Without the trail: masked for the first of many, an event must not be taken for one that only this stream was sent. */
  readonly #masking: EventsContext;
  readonly #trail: StreamAudit | null;
  #sink: EventSink | null = null;
  /** Whether the feed gives nothing any more. */
  #isOver = false;
  /** Whether the client has to take something before it is given more. */
  #isBehind = false;

  constructor(iterator: AsyncIterator<ExecutionResult>, context: EventsContext) {
    this.#feed = iterator instanceof LiveStream ? iterator : new IteratorFeed(iterator);
    this.#masking = context.audit === null ? context : { ...context, audit: null };
    this.#trail = context.audit?.opened() ?? null;
  }

  /** Begins: the first event is wanted at once. */
  pour(sink: EventSink): void {
    this.#sink = sink;
    if (this.#isExpired) this.expire();
    else this.#feed.follow(this);
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

  /** Ends it with one last event where the identity behind it has expired; once it is over nothing happens. */
  checkExpiry(): void {
    if (this.#isExpired) this.expire();
  }

  /** Ends it with one last event that says that the identity behind it has expired. */
  expire(): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#sink = null;
    this.#releaseFeed();
    this.#deliver({ errors: maskErrors([expiryError(this.#masking.requester)], this.#masking) }, sink);
    this.#trail?.closed('expired');
    sink.expired();
  }

  /** From the feed. */
  event(result: ExecutionResult): boolean {
    this.checkExpiry();
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
    this.#trail?.closed('complete');
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

  get #isExpired(): boolean {
    const { requester, now } = this.#masking;
    return requester.expiresAt !== null && now() >= requester.expiresAt;
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
    const { requester, log } = this.#masking;
    this.#feed
      .return()
      .catch((thrown: unknown) =>
        log.error({ requestId: requester.requestId, err: thrown }, 'a stream did not end well'),
      );
  }
}

function expiryError({ by }: Requester): HvqlError {
  return new HvqlError('UNAUTHENTICATED', `${expiryReason(by)}, and the stream with it.`);
}

/** What has expired, for the client. */
export function expiryReason(by: Requester['by']): string {
  return `The ${by === 'certificate' ? 'client certificate' : 'token'} has expired`;
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
