/** The listeners of a service: node servers whose requests are answered, and the end of one of them or of all. */
import type { Server } from 'node:http';
import { closable } from './http/close.ts';
import type { ListenerOptions, ServerContext } from './context.ts';
import { eventStreams } from './sse/event-streams.ts';
import { OpenAnswers } from './http/open-answers.ts';
import { listenToRequests } from './http/request-listener.ts';
import { route } from './http/route.ts';
import { SlowAnswers } from './http/slow-answers.ts';
import { webSockets } from './websocket/websockets.ts';

/** A listener that is open. */
export interface OpenListener {
  /**
   * Takes no more requests, ends the streams, lets the answers under way finish and cuts those that take longer than the
   * grace time. May be called more than once.
   */
  close(): Promise<void>;
}

/** The listeners of one service, each with the same grace time. */
export class Listeners {
  readonly #context: ServerContext;
  readonly #graceMilliseconds: number;
  readonly #open = new Set<OpenListener>();
  #isClosed = false;

  constructor(context: ServerContext, graceMilliseconds: number) {
    this.#context = context;
    this.#graceMilliseconds = graceMilliseconds;
  }

  /** Opens one on a server, which may listen already or later. Where all are closed already, it is closed at once. */
  open(server: Server, options: ListenerOptions): OpenListener {
    const end = this.#listen(server, options);
    let ending: Promise<void> | null = null;
    const listener: OpenListener = {
      close: () => {
        ending ??= end().then(() => void this.#open.delete(listener));
        return ending;
      },
    };
    this.#open.add(listener);
    if (this.#isClosed) void listener.close();
    return listener;
  }

  /** Closes all that are open. */
  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((listener) => listener.close()));
  }

  #listen(server: Server, options: ListenerOptions): () => Promise<void> {
    const context = this.#context;
    const streams = eventStreams(context);
    const answers = new OpenAnswers();
    const sockets = webSockets(server, { ...context, ...options, answers });
    const listener = { ...options, eventStreams: streams };
    const slowAnswers = new SlowAnswers({ ...context, answers });
    listenToRequests(server, route({ listener, server: context }), { ...context, answers, slowAnswers });
    const close = closable(server, answers);
    return () => {
      streams.endAll();
      sockets.endAll();
      return close(this.#graceMilliseconds).finally(() => slowAnswers.stop());
    };
  }
}
