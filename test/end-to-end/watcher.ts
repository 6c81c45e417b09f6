/** Subscribes to the service with common clients: graphql-sse and graphql-ws. */
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { atFileEnd } from '../file-end.ts';

/** The subscription, and its token. */
export interface Watched {
  readonly url: string;
  readonly token?: string | undefined;
  readonly query: string;
}

/** How a stream ended: completed, with an error, or by this side. */
export type Ending = { readonly kind: 'complete' } | { readonly kind: 'error'; readonly error: unknown };

const watching = new Set<Watcher>();
atFileEnd(() => {
  watching.forEach((watcher) => watcher.stop());
  watching.clear();
});

/** One stream and all events that it received. It does not reconnect. */
export class Watcher {
  readonly events: any[] = [];
  /** When each of them came, on this process's steady clock. */
  readonly arrivals: number[] = [];
  /** Null while the stream is open. */
  ending: Ending | null = null;
  /** The code that the WebSocket was closed with; null while it is open, and over event streams. */
  closeCode: number | null = null;
  #stop: () => void = () => undefined;
  #wake: (() => void)[] = [];

  constructor(open: (watcher: Watcher, sink: Sink) => () => void) {
    const end = (ending: Ending): void => {
      this.ending ??= ending;
      this.#notify();
    };
    this.#stop = open(this, {
      next: (event) => {
        this.events.push(event);
        this.arrivals.push(performance.now());
        this.#notify();
      },
      error: (error) => end({ kind: 'error', error }),
      complete: () => end({ kind: 'complete' }),
      closed: (code) => {
        this.closeCode = code;
        this.#notify();
      },
    });
    watching.add(this);
  }

  /** Resolves once this holds; rejects after a minute. */
  async until(condition: (watcher: this) => boolean): Promise<void> {
    const giveUpAt = performance.now() + 60_000;
    while (!condition(this)) {
      const left = giveUpAt - performance.now();
      if (left <= 0) throw new Error(`waited for what never came; last: ${JSON.stringify(this.last)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** The event of this number, from 0. */
  async event(number: number): Promise<any> {
    await this.until(({ events, ending }) => events.length > number || ending !== null);
    if (this.events.length <= number) throw new Error(`ended before event ${number}`);
    return this.events[number];
  }

  /** The next future event that matches this. */
  async next(isWanted: (event: any) => boolean = () => true): Promise<any> {
    const from = this.events.length;
    await this.until(({ events, ending }) => ending !== null || events.slice(from).some(isWanted));
    const event: any = this.events.slice(from).find(isWanted);
    if (event === undefined) throw new Error('ended before such an event');
    return event;
  }

  get last(): any {
    return this.events.at(-1);
  }

  /** Resolves once the service has ended the stream. */
  async end(): Promise<Ending> {
    await this.until(({ ending }) => ending !== null);
    return this.ending ?? { kind: 'complete' };
  }

  /** Leaves. */
  stop(): void {
    watching.delete(this);
    this.#stop();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

interface Sink {
  next(event: unknown): void;
  error(error: unknown): void;
  complete(): void;
  closed(code: number): void;
}

/** Watches by Server-Sent Events. */
export function watchBySse({ url, token, query }: Watched): Watcher {
  return new Watcher((_watcher, sink) => {
    const client = createSseClient({ url, headers: bearer(token), retryAttempts: 0 });
    const stop = client.subscribe({ query }, sink);
    return () => {
      stop();
      client.dispose();
    };
  });
}

/** Watches over a WebSocket of its own. */
export function watchByWebSocket({ url, token, query }: Watched): Watcher {
  return new Watcher((_watcher, sink) => {
    const client = createWebSocketClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: bearer(token),
      retryAttempts: 0,
      // It is for the service to close what it has ended.
      lazyCloseTimeout: 60_000,
      on: { closed: (event) => sink.closed((event as { code: number }).code) },
    });
    const stop = client.subscribe({ query }, sink);
    return () => {
      stop();
      // It rejects where the connection had not come about.
      Promise.resolve(client.dispose()).catch(() => undefined);
    };
  });
}

/** The transports by name. */
export const transports = { SSE: watchBySse, WebSocket: watchByWebSocket };

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
