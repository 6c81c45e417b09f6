/** A link to a service over one WebSocket, with graphql-transport-ws. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { ExecutionResult } from 'graphql';
import { createClient, type Client } from 'graphql-ws/client';
import { WebSocket } from 'ws';
import { systemErrorReason } from '../../../lib/system-error.ts';
import { LinkError, type GraphLink, type LinkProblem, type Watcher } from './graph-link.ts';
import { isAboutToken, problemOf, type LinkFacts } from './link-problem.ts';

/** The service, and the credentials. */
export interface RemoteOptions {
  /** With the scheme ws or wss. */
  readonly url: URL;
  readonly tokenFile: string | null;
  /** PEM texts for TLS; empty to use the CAs that Node trusts. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const handshakeMilliseconds = 10_000;
/** The interval of pings, and the time limit for the pong. */
const pingMilliseconds = 5_000;
const closeMilliseconds = 500;
const firstRetryMilliseconds = 250;
const longestRetryMilliseconds = 5_000;
/** Larger than any response to the documents of top. */
const answerLimitInBytes = 67_108_864;
const tokenCheckMilliseconds = 1_000;

/** A link to a service. It connects with the first operation. */
export class RemoteLink implements GraphLink {
  readonly title: string;
  readonly #options: RemoteOptions;
  readonly #facts: LinkFacts;
  readonly #watches = new Set<RemoteWatch>();
  #client: Client | null = null;
  #socket: WebSocket | null = null;
  #token: string | null = null;

  constructor(options: RemoteOptions) {
    this.#options = options;
    const { url, tokenFile } = options;
    const address = new URL(url);
    address.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
    this.title = address.href;
    this.#facts = { address: this.title, tokenFile };
    if (tokenFile === null) return;
    watchFile(tokenFile, { interval: tokenCheckMilliseconds, persistent: false }, () => this.#renewToken());
  }

  query(text: string): Promise<ExecutionResult> {
    return new Promise((resolve, reject) => {
      const refuse = (problem: LinkProblem): void => reject(new LinkError(problem));
      const unreadable = this.#readToken();
      if (unreadable !== null) {
        refuse(unreadable);
        return;
      }
      let answer: ExecutionResult | null = null;
      this.#connected().subscribe(
        { query: text },
        {
          next: (result) => (answer = result as ExecutionResult),
          error: (thrown) => {
            if (Array.isArray(thrown)) resolve({ errors: thrown });
            else refuse(problemOf(thrown, this.#facts));
          },
          complete: () => {
            if (answer !== null) resolve(answer);
            else refuse(problemOf(null, this.#facts));
          },
        },
      );
    });
  }

  watch(text: string, watcher: Watcher): () => void {
    const watch = new RemoteWatch({
      watcher,
      subscribe: (sink) => {
        const unreadable = this.#readToken();
        if (unreadable === null) return this.#connected().subscribe({ query: text }, sink);
        queueMicrotask(() => sink.error(new LinkError(unreadable)));
        return () => {};
      },
      facts: this.#facts,
    });
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
      watch.end();
    };
  }

  async close(): Promise<void> {
    const { tokenFile } = this.#options;
    if (tokenFile !== null) unwatchFile(tokenFile);
    for (const watch of this.#watches) watch.end();
    const socket = this.#socket;
    if (socket === null) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    void Promise.resolve(this.#client?.dispose()).catch(() => {});
    // An unresponsive service must not keep the program running.
    const late = setTimeout(() => socket.terminate(), closeMilliseconds);
    if (socket.readyState !== WebSocket.CLOSED) await closed;
    clearTimeout(late);
  }

  /** The client, which connects when it is created, and reconnects for the next operation after its connection was lost. */
  #connected(): Client {
    this.#client ??= this.#connect();
    return this.#client;
  }

  #connect(): Client {
    const { url, tls } = this.#options;
    let unanswered: NodeJS.Timeout | undefined;
    const drop = (): void => {
      client.terminate();
      this.#socket?.terminate();
    };
    const client = createClient({
      url: url.href,
      // One connection while top runs. Its operations report when it is lost.
      lazy: false,
      onNonLazyError: () => {},
      // The link reconnects itself, so that it can show the reason and reload the token.
      retryAttempts: 0,
      connectionAckWaitTimeout: handshakeMilliseconds,
      keepAlive: pingMilliseconds,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocols: string) {
          super(address, protocols, {
            ...tls,
            handshakeTimeout: handshakeMilliseconds,
            maxPayload: answerLimitInBytes,
            perMessageDeflate: false,
          });
        }
      },
      connectionParams: () => (this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` }),
      on: {
        opened: (socket) => (this.#socket = socket as WebSocket),
        ping: (isReceived) => {
          if (!isReceived) unanswered = setTimeout(drop, pingMilliseconds).unref();
        },
        pong: (isReceived) => {
          if (isReceived) clearTimeout(unanswered);
        },
        closed: () => {
          clearTimeout(unanswered);
          this.#socket = null;
        },
      },
    });
    return client;
  }

  /** Reads the token for the next connection. Returns the problem if it cannot be read, otherwise null. */
  #readToken(): LinkProblem | null {
    const { tokenFile } = this.#options;
    if (tokenFile === null) return null;
    try {
      this.#token = readFileSync(tokenFile, 'utf8')
        .replace(/^\ufeff/, '')
        .trim();
      return null;
    } catch (thrown) {
      return {
        message: `The token file ${tokenFile} cannot be read: ${systemErrorReason(thrown)}.`,
        advice: 'Write a token to it; "hvql token" prints one.',
      };
    }
  }

  /** A connection has the rights of its first token. */
  #renewToken(): void {
    const before = this.#token;
    if (this.#readToken() !== null || this.#token === before) return;
    this.#client?.terminate();
    for (const watch of this.#watches) watch.retryNow();
  }
}

interface Sink {
  next(result: unknown): void;
  error(thrown: unknown): void;
  complete(): void;
}

interface RemoteWatchOptions {
  readonly watcher: Watcher;
  readonly subscribe: (sink: Sink) => () => void;
  readonly facts: LinkFacts;
}

/** A subscription that restarts after its connection was lost. */
class RemoteWatch {
  readonly #options: RemoteWatchOptions;
  #wait = firstRetryMilliseconds;
  #retry: NodeJS.Timeout | undefined;
  #stop: () => void = () => {};
  #isOver = false;

  constructor(options: RemoteWatchOptions) {
    this.#options = options;
    this.#subscribe();
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    this.#stop();
  }

  /** Retries at once if it waits for the next attempt. */
  retryNow(): void {
    this.#wait = firstRetryMilliseconds;
    if (this.#retry === undefined) return;
    clearTimeout(this.#retry);
    this.#subscribe();
  }

  #subscribe(): void {
    this.#retry = undefined;
    const { watcher, subscribe, facts } = this.#options;
    this.#stop = subscribe({
      next: (result) => {
        if (this.#isOver) return;
        this.#wait = firstRetryMilliseconds;
        // The last event after a token has expired has this error, and the connection is closed for the same reason.
        const { data = null, errors } = result as ExecutionResult;
        if (data !== null || !isAboutToken(errors)) watcher.next(result as ExecutionResult);
      },
      error: (thrown) => {
        if (this.#isOver) return;
        if (Array.isArray(thrown)) watcher.next({ errors: thrown });
        else this.#lost(problemOf(thrown, facts));
      },
      complete: () => {
        if (!this.#isOver) watcher.ended();
      },
    });
  }

  #lost(problem: LinkProblem): void {
    this.#options.watcher.lost(problem);
    if (this.#isOver) return;
    this.#retry = setTimeout(() => this.#subscribe(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, longestRetryMilliseconds);
  }
}
