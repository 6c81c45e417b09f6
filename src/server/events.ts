/** Passes events from a source to a socket, one at a time, without a queue. */
import type { ExecutionResult } from 'graphql';
import { HvqlError } from '../errors.ts';
import { LiveStream, type StreamListener } from '../execution/live/live-stream.ts';
import { auditRefusals, StreamAudit, type StreamEnd } from './audit.ts';
import type { IdentityEnd, RequestContext, Requester } from './context.ts';
import { maskErrors, maskResult } from './error-mask.ts';
import { memoizeOnResult } from './result-bytes.ts';

/** The receiver of events. */
export interface EventSink {
  /** Sends an event. Returns true if there is room for another, unless `blocked` is called in the same turn. */
  deliver(event: ExecutionResult): boolean;
  /** The source has no more events. */
  done(): void;
  /**
   * The caller's credentials are no longer valid, as the last event says. The connection ends without completing the
   * operation, so that a client with a new token subscribes again.
   */
  identityEnded(reason: IdentityEnd): void;
  /** An event could not be written. The stream has been released. */
  failed(thrown: unknown): void;
}

/** A source of events: an iterator that needs no promise for each event. */
type Feed = Pick<LiveStream, 'follow' | 'request' | 'pause'> & { return(): Promise<unknown> };

/** Masks an event once for all its streams, so that it stays one object and causes one log line. */
const maskedEvent = memoizeOnResult(maskResult);

/**
 * An audited stream of masked events. If its feed fails, the error is its last event. At each event, and in `checkExpiry`,
 * the expiry of the caller's credentials is compared with the wall clock, because that also advances while the machine is
 * suspended.
 */
export class Events implements StreamListener {
  readonly #feed: Feed;
  readonly #request: RequestContext;
  readonly #trail: StreamAudit | null;
  #sink: EventSink | null = null;
  /** Whether the feed has no more events. */
  #isOver = false;
  /** Whether the last event is still buffered in this process. */
  #isBlocked = false;

  constructor(iterator: AsyncIterator<ExecutionResult>, request: RequestContext) {
    this.#feed = iterator instanceof LiveStream ? iterator : new IteratorFeed(iterator);
    this.#request = request;
    this.#trail = request.server.audit === null ? null : new StreamAudit(request);
  }

  /** Starts the stream by requesting the first event. */
  pipe(sink: EventSink): void {
    this.#sink = sink;
    if (!this.checkExpiry()) this.#feed.follow(this);
  }

  /** Called when the kernel has accepted the last event. Requests the next one. */
  drained(): void {
    this.#isBlocked = false;
    if (this.#sink === null) return;
    if (this.#isOver) this.done();
    else this.#feed.request();
  }

  /** Called when the kernel has not accepted the last event yet. */
  blocked(): void {
    this.#isBlocked = true;
    if (!this.#isOver) this.#feed.pause();
  }

  /** Ends the stream from outside. */
  release(end: StreamEnd): void {
    this.#sink = null;
    this.#trail?.closed(end);
    this.#releaseFeed();
  }

  /** Ends the stream if the caller's credentials have expired; returns whether it did. */
  checkExpiry(): boolean {
    const { expiresAt, by, server } = this.#request;
    if (expiresAt === null || server.now() < expiresAt) return false;
    this.endIdentity({ message: expiryReason(by), end: 'expired' });
    return true;
  }

  /** Ends the stream with a last event that says why the caller's credentials are no longer valid. */
  endIdentity(reason: IdentityEnd): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#sink = null;
    this.#releaseFeed();
    const error = new HvqlError('UNAUTHENTICATED', `${reason.message}, so the stream has ended.`);
    this.#deliver({ errors: maskErrors([error], this.#request) }, sink);
    this.#trail?.closed(reason.end);
    sink.identityEnded(reason);
  }

  /** Called by the feed, as are `done` and `failed`. */
  event(result: ExecutionResult): boolean {
    this.checkExpiry();
    if (this.#sink === null) return false;
    try {
      const event = result.errors === undefined ? result : maskedEvent(result, this.#request);
      // An event that exceeds a limit has one error and no data.
      if (event.errors !== undefined) auditRefusals(this.#request, event.errors.slice(0, 1));
      return this.#deliver(event, this.#sink);
    } catch (thrown) {
      this.#fail(thrown);
      return false;
    }
  }

  done(): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#sink = null;
    this.#isOver = true;
    this.#trail?.closed('complete');
    sink.done();
  }

  failed(thrown: unknown): void {
    if (this.#sink === null) return;
    this.#releaseFeed();
    try {
      if (this.#deliver({ errors: maskErrors([thrown], this.#request) }, this.#sink)) this.done();
    } catch (another) {
      this.#fail(another);
    }
  }

  #deliver(event: ExecutionResult, sink: EventSink): boolean {
    this.#trail?.sent(event);
    return sink.deliver(event) && !this.#isBlocked;
  }

  #fail(thrown: unknown): void {
    const sink = this.#sink;
    this.release('service');
    sink?.failed(thrown);
  }

  #releaseFeed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#feed.return().catch((thrown: unknown) => {
      const { requestId, server } = this.#request;
      server.log.error({ requestId, err: thrown }, 'a stream did not end well');
    });
  }
}

/** What has expired, in the message to the client. */
export function expiryReason(by: Requester['by']): string {
  return `The ${by === 'certificate' ? 'client certificate' : 'token'} has expired`;
}

/** An iterator as a feed. */
class IteratorFeed implements Feed {
  readonly #iterator: AsyncIterator<ExecutionResult>;
  #listener: StreamListener | null = null;

  constructor(iterator: AsyncIterator<ExecutionResult>) {
    this.#iterator = iterator;
  }

  follow(listener: StreamListener): void {
    this.#listener = listener;
    this.request();
  }

  request(): void {
    const listener = this.#listener;
    this.#next().then(
      (step) => {
        if (step.done === true) listener?.done();
        else if (listener?.event(step.value) === true) this.request();
      },
      (thrown: unknown) => listener?.failed(thrown),
    );
  }

  /** An event may still arrive. */
  pause(): void {}

  async return(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** Async, so that a thrown value becomes a rejection. */
  async #next(): Promise<IteratorResult<ExecutionResult>> {
    return this.#iterator.next();
  }
}
